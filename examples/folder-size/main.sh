#!/usr/bin/env bash
# List what fills a folder: the largest folders, the largest files, and files that nobody touched for long.
#
# Stays on one file system (-x), follows no links, changes nothing. Runs on Linux and macOS.
set -euo pipefail

folder=${FOLDER:-/usr/share}
depth=${DEPTH:-1}
top=${TOP:-10}
old_days=${OLD_DAYS:-365}

progress() { printf '::progress %s %s\n' "$1" "$2"; }
fail() { printf '%s\n' "$1" >&2; exit 1; }

# Turn "KIB<tab>PATH" lines into a JSON list. awk escapes what JSON wants escaped.
json_list() {
  awk -F '\t' '
    BEGIN { printf "[" }
    {
      path = substr($0, index($0, "\t") + 1)
      gsub(/\\/, "\\\\", path); gsub(/"/, "\\\"", path); gsub(/\t/, "\\t", path)
      gsub(/[\001-\037]/, "?", path)
      printf "%s{\"kib\": %d, \"path\": \"%s\"}", (NR > 1 ? ", " : ""), $1, path
    }
    END { printf "]" }'
}

# Show "KIB<tab>PATH" lines for people.
table() { awk -F '\t' '{ printf "%12.1f MiB  %s\n", $1 / 1024, substr($0, index($0, "\t") + 1) }' "$1"; }

# The longest list is asked for first, then cut: `head` would break the pipe, and pipefail would call that an error.
largest() { sort -rn | awk -v top="$top" 'NR <= top'; }

for value in "$depth" "$top" "$old_days"; do
  [[ $value =~ ^[1-9][0-9]*$ ]] || fail "DEPTH, TOP and OLD_DAYS must be whole numbers above 0, not $value."
done
[[ -d $folder ]] || fail "There is no folder $folder, or this script may not see it."
# A trailing slash makes du and find enter a folder that is named by a link.
[[ $folder == */ ]] || folder=$folder/

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/errors"

progress 5 "Measuring $folder"
# What may not be read is reported below; it must not end the run.
du -xk -d "$depth" "$folder" >"$work/folders" 2>>"$work/errors" || true
[[ -s $work/folders ]] || fail "Nothing could be measured: $(head -n 1 "$work/errors")"
total=$(tail -n 1 "$work/folders" | cut -f1)
# The last line is the folder itself.
sed '$d' "$work/folders" | largest >"$work/top-folders"

progress 40 'Looking for large files'
find "$folder" -xdev -type f -exec du -k {} + >"$work/files" 2>>"$work/errors" || true
largest <"$work/files" >"$work/top-files"
count=$(wc -l <"$work/files" | tr -d ' ')

progress 75 "Looking for files untouched for $old_days days"
find "$folder" -xdev -type f -mtime +"$old_days" -exec du -k {} + >"$work/old" 2>>"$work/errors" || true
old_kib=$(awk '{ sum += $1 } END { print sum + 0 }' "$work/old")
largest <"$work/old" >"$work/top-old"

{
  printf 'Folder: %s\nTotal:  %s KiB in %s files\nOld:    %s KiB untouched for more than %s days\n' "$folder" "$total" "$count" "$old_kib" "$old_days"
  for section in 'Largest folders:top-folders' 'Largest files:top-files' 'Largest old files:top-old'; do
    printf '\n%s\n' "${section%%:*}"
    table "$work/${section##*:}"
  done
} | tee report.txt

unread=$(sort -u "$work/errors" | wc -l | tr -d ' ')
if ((unread > 0)); then
  printf '%s places could not be read, the first: %s\n' "$unread" "$(head -n 1 "$work/errors")" >&2
fi
if [[ -n ${RUNYARD_OUTPUTS:-} ]]; then
  printf '{"total_kib": %s, "files": %s, "old_kib": %s, "unread": %s, "folders": %s, "largest_files": %s}\n' \
    "$total" "$count" "$old_kib" "$unread" "$(json_list <"$work/top-folders")" "$(json_list <"$work/top-files")" >"$RUNYARD_OUTPUTS"
fi
progress 100 "$((total / 1024)) MiB in $count files"
