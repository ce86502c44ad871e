// Turn Markdown files into web pages.
//
// Files written: site/<name>.html for each text and site/index.html.
// CommonJS `require` is what finds the run's packages wherever Runyard keeps them.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { Marked } = require('marked')

const SAMPLE = `# Welcome to the yard

This page was made from a **sample**, because nothing was uploaded.

## What to do next

1. Upload your own \`.md\` files.
2. Press *Run*.

| Language | Runs on |
|---|---|
| Python | uv |
| JavaScript | Node |

## A word on HTML

<script>alert('this is shown, not run')</script>
`

const LIGHT = '--ink:#1c2430;--paper:#fff;--line:#dde2ea;--link:#2b5fc4'
const DARK = '--ink:#e4e8ef;--paper:#14181f;--line:#303845;--link:#8fb4ff'
const THEMES = { light: `:root{${LIGHT}}`, dark: `:root{${DARK}}`, auto: `:root{${LIGHT}}@media(prefers-color-scheme:dark){:root{${DARK}}}` }
const STYLE = `body{font:16px/1.6 system-ui;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;padding:0 1rem}
a{color:var(--link)}pre{overflow:auto;padding:1rem;border:1px solid var(--line)}img{max-width:100%}
table{border-collapse:collapse}td,th{border:1px solid var(--line);padding:.3rem .6rem}`

const progress = (percent, message) => console.log(`::progress ${percent} ${message}`)
const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
// Markdown may hold entities such as &copy; they are whole already.
const escapeText = (text) => text.replace(/&(?!#?\w+;)|[<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** Return an anchor for a heading that no earlier heading of the page has. */
function anchor(text, taken) {
  const name = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'section'
  let free = name
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`
  taken.add(free)
  return free
}

/** `javascript:` and its kin have no place in a link; relative ones and anchors have. */
const isSafe = (href) => !/^\s*[a-z][a-z0-9+.-]*:/i.test(href) || /^\s*(https?|mailto):/i.test(href)

/** Return {title, html, headings} of one text. */
function render(text, trustHtml) {
  const headings = []
  const taken = new Set()
  const renderer = {
    heading({ tokens, depth }) {
      const inner = this.parser.parseInline(tokens)
      const plain = this.parser.parseInline(tokens, this.parser.textRenderer)
      const id = anchor(plain, taken)
      headings.push({ depth, id, text: plain })
      return `<h${depth} id="${id}">${inner}</h${depth}>\n`
    },
  }
  if (!trustHtml) {
    renderer.html = ({ text: raw }) => escape(raw)
    // `false` hands the link back to marked; an unsafe one is reduced to its words.
    renderer.link = function link({ href, tokens }) {
      return isSafe(href) ? false : this.parser.parseInline(tokens)
    }
    renderer.image = ({ href, text: alt }) => (isSafe(href) ? false : escape(alt))
  }
  const html = new Marked({ gfm: true }, { renderer }).parse(text)
  return { title: headings[0]?.text, html, headings }
}

function page(title, body, theme) {
  return `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${theme}${STYLE}</style></head>
<body>
${body}
</body></html>
`
}

function contents(headings, depth) {
  const shown = headings.slice(1).filter((heading) => heading.depth <= depth)
  if (shown.length === 0) return ''
  const items = shown.map((heading) => `<li style="margin-left:${heading.depth - 1}em"><a href="#${heading.id}">${escapeText(heading.text)}</a></li>`)
  return `<nav><ul>${items.join('')}</ul></nav>\n`
}

function main() {
  // The JSON file keeps the types that environment variables lose.
  const file = process.env.RUNYARD_PARAMETERS
  const settings = { TITLE: 'Documents', THEME: 'auto', CONTENTS_DEPTH: 3, TRUST_HTML: false, ...(file ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}) }
  const theme = THEMES[settings.THEME]

  let texts = fs.readdirSync('.').filter((name) => /\.(md|markdown)$/i.test(name)).sort()
  if (texts.length === 0) {
    console.log('Nothing was uploaded: working on a small sample, welcome.md.')
    fs.writeFileSync('welcome.md', SAMPLE)
    texts = ['welcome.md']
  }

  fs.mkdirSync('site', { recursive: true })
  const pages = []
  for (const [index, name] of texts.entries()) {
    progress(Math.floor((90 * index) / texts.length), name)
    const stem = path.parse(name).name
    // The index has its own page of that name.
    const target = `${stem === 'index' ? 'index-page' : stem}.html`
    const { title = stem, html, headings } = render(fs.readFileSync(name, 'utf8'), settings.TRUST_HTML)
    fs.writeFileSync(path.join('site', target), page(escapeText(title), `<p><a href="index.html">${escape(settings.TITLE)}</a></p>\n${contents(headings, settings.CONTENTS_DEPTH)}${html}`, theme))
    pages.push({ source: name, page: `site/${target}`, title, headings: headings.length })
    console.log(`${name} -> site/${target}`)
  }
  const list = pages.map((entry) => `<li><a href="${encodeURIComponent(path.basename(entry.page))}">${escapeText(entry.title)}</a></li>`).join('\n')
  fs.writeFileSync('site/index.html', page(escape(settings.TITLE), `<h1>${escape(settings.TITLE)}</h1>\n<ul>\n${list}\n</ul>`, theme))

  if (process.env.RUNYARD_OUTPUTS) fs.writeFileSync(process.env.RUNYARD_OUTPUTS, JSON.stringify({ pages, index: 'site/index.html' }))
  progress(100, `${pages.length} pages`)
}

main()
