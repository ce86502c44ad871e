#!/usr/bin/env bash
# Pack a folder into a dated archive, check it, and keep the newest ones only.
#
# An archive gets its name when it is whole, and old ones go when the new one is safe: a failed run never costs a backup.
# Runs on Linux and macOS with what is there: bash, tar, gzip and sha256sum or shasum.
set -euo pipefail
umask 077
# Names must sort by their bytes, whatever language the machine speaks: their order is the order of time.
export LC_COLLATE=C

progress() { printf '::progress %s %s\n' "$1" "$2"; }
fail() { printf '%s\n' "$1" >&2; exit 1; }

# Write a text as a JSON string.
json_string() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  text=${text//$'\r'/\\r}
  printf '"%s"' "$text"
}

checksum() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi
}

source=${SOURCE:-}
name=${NAME:-backup}
keep=${KEEP:-7}
destination=${DESTINATION:-${RUNYARD_STATE_DIR:-$PWD/state}/backups}

if [[ -z $source ]]; then
  echo 'No folder was named: backing up a small sample folder.'
  source=$PWD/sample
  mkdir -p "$source/notes"
  printf 'Sample of run %s\n' "${RUNYARD_RUN_ID:-none}" >"$source/readme.txt"
  printf 'Buy oats.\n' >"$source/notes/today.txt"
fi
[[ -d $source ]] || fail "There is no folder $source, or this script may not see it."
[[ $keep =~ ^[1-9][0-9]*$ ]] || fail "KEEP must be a whole number above 0, not $keep."
mkdir -p "$destination" || fail "Cannot make $destination."
source=$(cd "$source" && pwd -P)
destination=$(cd "$destination" && pwd -P)
# A backup that holds the backups before it doubles with every run.
[[ $destination/ != "$source"/* ]] || fail "The backups must not lie inside $source."

# Two runs within a second must not take the same name.
base=$destination/$name-$(date -u +%Y%m%dT%H%M%SZ)
archive=$base.tar.gz
number=2
while [[ -e $archive ]]; do
  archive=${base}_$number.tar.gz
  number=$((number + 1))
done

excludes=()
while IFS= read -r pattern; do
  [[ -z $pattern ]] || excludes+=("--exclude=$pattern")
done <<<"${EXCLUDE:-}"

progress 10 "Packing $source"
draft=$archive.partial
trap 'rm -f "$draft"' EXIT
# The odd expansion keeps bash 3 (macOS) from calling an empty list unset.
tar -czf "$draft" ${excludes[@]+"${excludes[@]}"} -C "$(dirname "$source")" "$(basename "$source")" || fail "tar could not pack $source."

entries=null
if [[ ${VERIFY:-true} == true ]]; then
  progress 70 'Reading it back'
  entries=$(tar -tzf "$draft" | wc -l | tr -d ' ') || fail 'The archive cannot be read back.'
  echo "$entries entries read back."
fi
mv "$draft" "$archive"
(cd "$destination" && checksum "$(basename "$archive")" >"$(basename "$archive").sha256")
bytes=$(wc -c <"$archive" | tr -d ' ')
echo "Saved $archive ($bytes bytes)."

progress 90 'Rotating'
# Oldest first. A glob, not ls: names are data.
existing=()
for path in "$destination/$name"-[0-9]*T[0-9]*Z*.tar.gz; do
  [[ ! -e $path ]] || existing+=("$path")
done
removed=()
surplus=$((${#existing[@]} - keep))
for ((index = 0; index < surplus; index++)); do
  rm -f -- "${existing[index]}" "${existing[index]}.sha256"
  removed+=("${existing[index]##*/}")
  echo "Removed ${existing[index]##*/}."
done
kept=$((${#existing[@]} - ${#removed[@]}))

{
  echo '| Backup | Bytes |'
  echo '|---|---|'
  for path in "${existing[@]:${#removed[@]}}"; do
    printf '| %s | %s |\n' "${path##*/}" "$(wc -c <"$path" | tr -d ' ')"
  done
} >backups.md

if [[ -n ${RUNYARD_OUTPUTS:-} ]]; then
  printf '{"archive": %s, "bytes": %s, "entries": %s, "kept": %s, "removed": %s, "sha256": %s}\n' \
    "$(json_string "$archive")" "$bytes" "$entries" "$kept" "${#removed[@]}" \
    "$(json_string "$(cut -d' ' -f1 "$archive.sha256")")" >"$RUNYARD_OUTPUTS"
fi
progress 100 "$kept backups kept"
