// Check each row of a CSV file; good rows become JSON lines, bad ones are kept with their reasons.
//
// Files written: valid.jsonl and rejected.csv. Rows stream through, so that the file may be larger than memory.
'use strict'

const fs = require('node:fs')
const { once } = require('node:events')
const { finished } = require('node:stream/promises')
const { parse } = require('csv-parse')

const SAMPLE = `id,name,email,joined,score
1,Ada,ada@example.org,2024-01-02,9.5
2,Grace,grace@example.org,2024-02-30,8
3,Alan,alan(at)example.org,2024-03-04,7
3,Edsger,edsger@example.org,2024-03-05,
5,Barbara,barbara@example.org,2024-03-06,11
`
const SAMPLE_RULES = {
  id: { type: 'integer', required: true, unique: true },
  email: { type: 'email', required: true },
  joined: { type: 'date' },
  score: { type: 'number', min: 0, max: 10 },
}
const EXAMPLES_SHOWN = 10
const ROWS_BETWEEN_NEWS = 20_000

// Each type turns text into a value, or into undefined when it is not of the type.
const TYPES = {
  text: (text) => text,
  integer: (text) => (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  number: (text) => (/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined),
  boolean: (text) => ({ true: true, yes: true, 1: true, false: false, no: false, 0: false })[text.toLowerCase()],
  date: (text) => {
    // The second test catches 30 February, which Date would quietly make 1 March.
    const date = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(NaN)
    return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined
  },
  email: (text) => (/^[^\s@()]+@[^\s@()]+\.[^\s@()]+$/.test(text) ? text : undefined),
}

const progress = (percent, message) => console.log(`::progress ${percent} ${message}`)

class InputProblem extends Error {}

function chooseFile(wanted) {
  if (wanted) {
    if (!fs.existsSync(wanted)) throw new InputProblem(`There is no file ${wanted} in the working directory.`)
    return wanted
  }
  const found = fs.readdirSync('.').filter((name) => name.toLowerCase().endsWith('.csv'))
  if (found.length > 1) throw new InputProblem(`More than one file was uploaded (${found.sort().join(', ')}): say which one in FILE.`)
  return found[0] ?? null
}

/** Return the rules as {column: [check, …]}; a check returns [value, reason]. */
function compile(rules) {
  if (typeof rules !== 'object' || Array.isArray(rules)) throw new InputProblem('RULES must be a JSON object.')
  return new Map(Object.entries(rules).map(([column, rule]) => [column, checker(column, rule)]))
}

function checker(column, rule) {
  const { type = 'text', required = false, unique = false, min, max, pattern, in: allowed } = rule
  const convert = TYPES[type]
  if (!convert) throw new InputProblem(`RULES: column ${column} has the unknown type ${type}; known are ${Object.keys(TYPES).join(', ')}.`)
  const expression = pattern === undefined ? null : new RegExp(pattern, 'u')
  const seen = new Set()
  return (text) => {
    if (text === '') return required ? [null, 'is missing'] : [null, null]
    const value = convert(text)
    if (value === undefined) return [null, `is not of type ${type}`]
    // Of a text the length counts, of anything else the value.
    const size = type === 'text' ? text.length : value
    if (min !== undefined && size < min) return [null, `is below ${min}`]
    if (max !== undefined && size > max) return [null, `is above ${max}`]
    if (expression && !expression.test(text)) return [null, `does not match ${pattern}`]
    if (allowed && !allowed.includes(value)) return [null, `is none of ${allowed.join(', ')}`]
    if (unique && seen.has(value)) return [null, 'was there before']
    if (unique) seen.add(value)
    return [value, null]
  }
}

/** Return {row, reasons}: what the row becomes, and why it may not. */
function check(record, checks, unknown) {
  const row = {}
  const reasons = []
  for (const [column, text] of Object.entries(record)) {
    const test = checks.get(column)
    if (!test) {
      if (unknown === 'keep') row[column] = text
      continue
    }
    const [value, reason] = test(text)
    row[column] = value
    if (reason) reasons.push(`${column} ${reason}`)
  }
  return { row, reasons }
}

const csvLine = (values) => `${values.map((value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`

/** Write, and wait while the disk is slower than we are. */
async function write(stream, text) {
  if (!stream.write(text)) await once(stream, 'drain')
}

async function main() {
  const path = process.env.RUNYARD_PARAMETERS
  const settings = path ? JSON.parse(fs.readFileSync(path, 'utf8')) : {}
  let rules = settings.RULES ?? {}
  let name = chooseFile((settings.FILE ?? '').trim())
  if (!name) {
    console.log('Nothing was uploaded: working on a small sample, sample.csv, with rules of its own.')
    name = 'sample.csv'
    fs.writeFileSync(name, SAMPLE)
    rules = SAMPLE_RULES
  }
  const checks = compile(rules)
  const unknown = settings.UNKNOWN_COLUMNS ?? 'keep'

  const size = fs.statSync(name).size
  const valid = fs.createWriteStream('valid.jsonl')
  const rejected = fs.createWriteStream('rejected.csv')
  let columns = []
  const parser = fs.createReadStream(name).pipe(
    parse({
      bom: true,
      trim: true,
      info: true,
      skip_empty_lines: true,
      columns(header) {
        const missing = [...checks.keys()].filter((column) => !header.includes(column))
        if (missing.length > 0) throw new InputProblem(`The file has no column ${missing.join(', ')}; it has ${header.join(', ')}.`)
        const extra = header.filter((column) => !checks.has(column))
        if (unknown === 'refuse' && extra.length > 0) throw new InputProblem(`There is no rule for ${extra.join(', ')}.`)
        if (new Set(header).size < header.length) throw new InputProblem('Two columns have the same name.')
        columns = header
        return header
      },
    }),
  )

  let rows = 0
  let bad = 0
  const reasonCounts = {}
  for await (const { record, info } of parser) {
    if (rows === 0) await write(rejected, csvLine(['line', 'reasons', ...columns]))
    rows += 1
    const { row, reasons } = check(record, checks, unknown)
    if (reasons.length === 0) {
      await write(valid, `${JSON.stringify(row)}\n`)
    } else {
      bad += 1
      for (const reason of reasons) reasonCounts[reason] = (reasonCounts[reason] ?? 0) + 1
      if (bad <= EXAMPLES_SHOWN) console.log(`line ${info.lines}: ${reasons.join('; ')}`)
      await write(rejected, csvLine([String(info.lines), reasons.join('; '), ...columns.map((column) => record[column])]))
    }
    if (rows % ROWS_BETWEEN_NEWS === 0) progress(Math.min(99, Math.floor((100 * info.bytes) / size)), `${rows} rows`)
  }
  for (const stream of [valid, rejected]) {
    stream.end()
    await finished(stream)
  }
  if (rows === 0) throw new InputProblem(`${name} holds no rows.`)

  const outputs = { file: name, rows, valid: rows - bad, rejected: bad, reasons: reasonCounts, columns }
  if (process.env.RUNYARD_OUTPUTS) fs.writeFileSync(process.env.RUNYARD_OUTPUTS, JSON.stringify(outputs))
  progress(100, `${rows - bad} of ${rows} rows are good`)
  const percent = (100 * bad) / rows
  if (percent > (settings.MAX_BAD_PERCENT ?? 100)) throw new InputProblem(`${percent.toFixed(1)} % of the rows are bad; ${settings.MAX_BAD_PERCENT} % are allowed.`)
}

main().catch((problem) => {
  // csv-parse says well what is wrong with a file; anything else is a fault of this script and shows where.
  const plain = problem instanceof InputProblem || problem.code?.startsWith('CSV_')
  console.error(plain ? problem.message : problem)
  process.exitCode = 1
})
