import { type ShallowRef } from 'vue'

const FILL =
  ':host, .cm-editor, .cm-mergeView { height: 100%; } .cm-mergeView { overflow: auto; } * { box-sizing: border-box; }'

/** The shadow root of a host element, made once, with its base sheet. */
export function shadowOf(host: Readonly<ShallowRef<HTMLElement | null>>): ShadowRoot | null {
  const element = host.value
  if (!element) return null
  if (element.shadowRoot) return element.shadowRoot
  const root = element.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(FILL)
  root.adoptedStyleSheets = [sheet]
  return root
}
