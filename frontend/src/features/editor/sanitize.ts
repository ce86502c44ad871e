const KEPT = new Set(
  'A B BLOCKQUOTE BR CODE DD DEL DL DT EM H1 H2 H3 H4 H5 H6 HR I LI OL P PRE S SPAN STRONG SUB SUP TABLE TBODY TD TH THEAD TR UL'.split(
    ' ',
  ),
)
const DROPPED = new Set('SCRIPT STYLE TEMPLATE IFRAME OBJECT EMBED MATH SVG'.split(' '))

/**
 * Documentation as harmless HTML: text, lists, tables and code. It was written by whoever made a package, so nothing
 * of it may run, load or style anything; links go to other pages only.
 */
export function sanitize(html: string): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html')
  clean(body)
  return body.innerHTML
}

function clean(parent: Element): void {
  for (const child of [...parent.children]) {
    const name = child.tagName.toUpperCase()
    if (DROPPED.has(name)) {
      child.remove()
      continue
    }
    clean(child)
    if (!KEPT.has(name)) {
      child.replaceWith(...child.childNodes)
      continue
    }
    for (const { name: attribute, value } of [...child.attributes]) {
      const harmless =
        attribute === 'class' || (attribute === 'href' && name === 'A' && /^https?:\/\//i.test(value))
      if (!harmless) child.removeAttribute(attribute)
    }
    if (name === 'A') {
      child.setAttribute('target', '_blank')
      child.setAttribute('rel', 'noopener noreferrer')
    }
  }
}
