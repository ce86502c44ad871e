// Compare two JSON files by meaning.
//
// Files written: differences.md (to read) and patch.json (RFC 6902, to apply; only when items are matched by position).
'use strict'

const fs = require('node:fs')

const SAMPLE = {
  'before.json': { service: 'yard', replicas: 2, hosts: [{ id: 1, name: 'a' }, { id: 2, name: 'b' }], debug: true },
  'after.json': { hosts: [{ id: 1, name: 'a' }, { id: 2, name: 'beta' }, { id: 3, name: 'c' }], service: 'yard', replicas: 3 },
}
const SHOWN = 50
const WIDEST_VALUE = 80

const progress = (percent, message) => console.log(`::progress ${percent} ${message}`)

// A message for people, without a stack: something is wrong with the input, not with the script.
function fail(message) {
  console.error(message)
  process.exit(1)
}

function chooseFiles() {
  const named = [process.env.LEFT, process.env.RIGHT].map((name) => (name ?? '').trim())
  if (named.every(Boolean)) return named
  if (named.some(Boolean)) fail('Name both files, LEFT and RIGHT, or neither.')
  const found = fs.readdirSync('.').filter((name) => name.toLowerCase().endsWith('.json')).sort()
  if (found.length === 2) {
    // By name `after` would come before `before`.
    return found[0].startsWith('after') && found[1].startsWith('before') ? found.reverse() : found
  }
  if (found.length > 0) fail(`Expected two .json files, found ${found.join(', ')}: name them in LEFT and RIGHT.`)
  console.log('Nothing was uploaded: comparing a small sample, before.json and after.json.')
  for (const [name, value] of Object.entries(SAMPLE)) fs.writeFileSync(name, JSON.stringify(value, null, 2))
  return Object.keys(SAMPLE)
}

function read(name) {
  try {
    return JSON.parse(fs.readFileSync(name, 'utf8').replace(/^\uFEFF/, ''))
  } catch (problem) {
    return fail(`Cannot read ${name}: ${problem.message}`)
  }
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)
// JSON Pointer (RFC 6901) writes ~ as ~0 and / as ~1.
const step = (key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** Return a function that tells whether a pointer is to be ignored. */
function ignorer(text) {
  const patterns = text.split('\n').map((line) => line.trim()).filter(Boolean)
  const wrong = patterns.find((pattern) => !pattern.startsWith('/'))
  if (wrong) fail(`IGNORE: ${wrong} is not a JSON Pointer; it must begin with a slash.`)
  const tests = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('[^/]*')}$`))
  return (pointer) => tests.some((test) => test.test(pointer))
}

/** Return the lists as maps from id to item, or null when the items cannot be matched by `key`. */
function byKey(lists, key) {
  if (!key) return null
  const maps = lists.map((list) => new Map(list.map((item) => [isObject(item) ? item[key] : undefined, item])))
  const sound = maps.every((map, i) => !map.has(undefined) && map.size === lists[i].length)
  return sound ? maps : null
}

/** Yield {op, path, before, after} for each difference. */
function* differences(before, after, pointer, settings) {
  if (settings.ignored(pointer)) return
  let pairs
  if (isObject(before) && isObject(after)) {
    pairs = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const matched = byKey([before, after], settings.matchBy)
    if (matched) settings.matched = true
    pairs = matched ?? [new Map(before.entries()), new Map(after.entries())]
  } else {
    if (!Object.is(before, after)) yield { op: 'replace', path: pointer, before, after }
    return
  }
  const [left, right] = pairs
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const path = pointer + step(key)
    if (left.has(key) && right.has(key)) yield* differences(left.get(key), right.get(key), path, settings)
    else if (settings.ignored(path)) continue
    else if (right.has(key)) yield { op: 'add', path, after: right.get(key) }
    else yield { op: 'remove', path, before: left.get(key) }
  }
}

/** A patch is applied in order: the later items of a list have to go first, or the earlier ones shift them. */
function asPatch(found) {
  const removals = found.filter(({ op }) => op === 'remove').reverse()
  const others = found.filter(({ op }) => op !== 'remove')
  return [
    ...others.map(({ op, path, after }) => ({ op, path, value: after })),
    ...removals.map(({ op, path }) => ({ op, path })),
  ]
}

function short(value) {
  if (value === undefined) return ''
  const text = JSON.stringify(value)
  return text.length > WIDEST_VALUE ? `${text.slice(0, WIDEST_VALUE)}…` : text
}

function asMarkdown([left, right], found) {
  const cell = (value) => short(value).replaceAll('|', '\\|')
  const rows = found.map(({ op, path, before, after }) => `| ${op} | ${path.replaceAll('|', '\\|') || '(whole)'} | ${cell(before)} | ${cell(after)} |`)
  return [`# ${left} → ${right}`, '', '| | Where | Before | After |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function main() {
  const settings = { matchBy: (process.env.MATCH_BY ?? '').trim(), ignored: ignorer(process.env.IGNORE ?? ''), matched: false }
  const names = chooseFiles()
  progress(10, `Reading ${names.join(' and ')}`)
  const [before, after] = names.map(read)
  progress(50, 'Comparing')
  const found = [...differences(before, after, '', settings)]

  fs.writeFileSync('differences.md', asMarkdown(names, found))
  const files = ['differences.md']
  // Paths of items matched by id are for people; a patch needs positions.
  if (!settings.matched) {
    fs.writeFileSync('patch.json', JSON.stringify(asPatch(found), null, 2))
    files.push('patch.json')
  }
  for (const { op, path, before: was, after: is } of found.slice(0, SHOWN)) {
    console.log(`${op.padEnd(7)} ${path || '(whole)'}  ${short(was)}${op === 'replace' ? ' → ' : ''}${short(is)}`)
  }
  if (found.length > SHOWN) console.log(`… and ${found.length - SHOWN} more in differences.md`)

  const count = (op) => found.filter((difference) => difference.op === op).length
  const outputs = {
    equal: found.length === 0,
    added: count('add'),
    removed: count('remove'),
    replaced: count('replace'),
    paths: found.slice(0, SHOWN).map(({ path }) => path),
    files,
  }
  if (process.env.RUNYARD_OUTPUTS) fs.writeFileSync(process.env.RUNYARD_OUTPUTS, JSON.stringify(outputs))
  progress(100, outputs.equal ? 'No difference' : `${found.length} differences`)
  if (!outputs.equal && process.env.FAIL_ON_DIFFERENCE === 'true') fail(`${found.length} differences.`)
}

main()
