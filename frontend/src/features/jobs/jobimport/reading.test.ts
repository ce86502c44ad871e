import { expect, it } from 'vitest'
import { kindOf } from './reading'

it.each([
  ['backup.yml', 'name: x', 'github'],
  ['', "on:\n  schedule:\n    - cron: '0 3 * * *'", 'github'],
  ['jobs.yaml', 'format: runyard-jobs\nversion: 1', 'runyard'],
  ['', '{\n  "format": "runyard-jobs"', 'runyard'],
  ['crontab_list.json', '', 'qinglong'],
  ['', '[{"name": "a", "schedule": "0 1 * * *"}]', 'qinglong'],
  ['crontab', '# daily\n0 3 * * * /usr/bin/backup --all\n@daily date', 'crontab'],
  ['', '0 3 * * * root /usr/bin/backup\n@daily www-data /bin/true', 'cron_d'],
  ['', '0 3 * * * root /usr/bin/backup\n@daily date', 'crontab'],
  ['notes.txt', 'nothing of the kind', null],
])('takes %j with %j for %s', (name, text, kind) => {
  expect(kindOf(name, text)).toBe(kind)
})
