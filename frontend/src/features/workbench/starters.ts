import type { Language, ScriptKind } from '@/api/types'

/** What a new script starts from: small, real, and runs as it is. */
const SCRIPTS: Record<Language, string> = {
  python: `"""What this script does, in one sentence."""

import json
import os
from pathlib import Path

# Parameters of the form arrive as environment variables.
name = os.environ.get("NAME", "world")


def main() -> None:
    print(f"Hello, {name}.")
    print("::progress 50 half way")

    # Files written here stay with the run.
    Path("greeting.txt").write_text(f"Hello, {name}.\\n", encoding="utf-8")

    # What is written here is the run's output.
    Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps({"greeted": name}), encoding="utf-8")


if __name__ == "__main__":
    main()
`,
  javascript: `// What this script does, in one sentence.
import { writeFile } from 'node:fs/promises'

// Parameters of the form arrive as environment variables.
const name = process.env.NAME ?? 'world'

console.log(\`Hello, \${name}.\`)
console.log('::progress 50 half way')

// Files written here stay with the run.
await writeFile('greeting.txt', \`Hello, \${name}.\\n\`)

// What is written here is the run's output.
await writeFile(process.env.RUNYARD_OUTPUTS, JSON.stringify({ greeted: name }))
`,
  sql: `-- What this script does, in one sentence. It runs on the connection that its settings list,
-- and without one on a SQLite file of its own. Parameters are written :NAME, and bound.

CREATE TABLE IF NOT EXISTS visits (day TEXT, number INTEGER);

INSERT INTO visits VALUES (date('now'), 1);

-- What the last query returns is the run's output; all of it is in result.csv.
SELECT day, sum(number) AS visits FROM visits GROUP BY day ORDER BY day;
`,
  shell: `# What this script does, in one sentence.
set -euo pipefail

# Parameters of the form arrive as environment variables.
name="\${NAME:-world}"

echo "Hello, $name."
echo "::progress 50 half way"

# Files written here stay with the run.
echo "Hello, $name." > greeting.txt

# What is written here is the run's output.
printf '{"lines": %d}\\n' "$(wc -l < greeting.txt)" > "$RUNYARD_OUTPUTS"
`,
}

/** What a new module of the library starts from: something that others can import. */
const MODULES: Record<Language, string> = {
  python: `"""What these functions are for, in one sentence."""


def greeting(name: str) -> str:
    return f"Hello, {name}."
`,
  javascript: `// What these functions are for, in one sentence.

exports.greeting = (name) => \`Hello, \${name}.\`
`,
  sql: '',
  shell: `# What these functions are for, in one sentence.

greeting() {
  echo "Hello, $1."
}
`,
}
export const STARTERS: Record<ScriptKind, Record<Language, string>> = { script: SCRIPTS, module: MODULES }

/** How a script takes a module of the library in. */
export const IMPORTS: Record<Language, (name: string) => string> = {
  python: (name) => `from library import ${name}`,
  javascript: (name) => `const ${name} = require('library/${name}')`,
  sql: (name) => `-- ${name}`,
  shell: (name) => `. "$RUNYARD_LIBRARY/${name}.sh"`,
}

export const LANGUAGES: readonly Language[] = ['python', 'javascript', 'shell', 'sql']

/** Whether a text is still what the page put there, so that it may be replaced without asking. */
export function isStarter(code: string): boolean {
  return code.trim() === '' || [SCRIPTS, MODULES].some((one) => Object.values(one).includes(code))
}
