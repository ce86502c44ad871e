import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const CODE = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.self], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.escape], color: 'var(--code-number)' },
  { tag: [tags.comment, tags.meta], color: 'var(--code-comment)', fontStyle: 'italic' },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.standard(tags.variableName),
    ],
    color: 'var(--code-function)',
  },
  { tag: [tags.typeName, tags.className, tags.namespace], color: 'var(--code-type)' },
  { tag: [tags.variableName, tags.propertyName], color: 'var(--code-name)' },
  { tag: tags.definition(tags.variableName), color: 'var(--code-name)' },
  { tag: tags.invalid, color: 'var(--ry-failed)' },
])

const FRAME = EditorView.theme({
  '&': { height: '100%', color: 'var(--code-name)', backgroundColor: 'var(--ry-bg)', fontSize: '13px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--ry-mono)', lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ry-text)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--ry-text)' },
  '.cm-gutters': { backgroundColor: 'var(--ry-bg)', color: 'var(--ry-text-3)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 6px 0 12px' },
  '.cm-foldGutter .cm-gutterElement': { cursor: 'pointer' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--ry-bg-hover) 70%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--ry-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--code-selection)',
  },
  '.cm-selectionMatch': { backgroundColor: 'color-mix(in srgb, var(--code-match) 60%, transparent)' },
  '.cm-searchMatch': { backgroundColor: 'var(--code-match)', outline: 'none' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--code-match-now)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'transparent',
    outline: '1px solid var(--ry-line-strong)',
  },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--ry-bg-hover)',
    border: '1px solid var(--ry-line)',
    color: 'var(--ry-text-2)',
    padding: '0 6px',
  },
  '.cm-placeholder': { color: 'var(--ry-text-3)' },
  '.cm-panels': {
    backgroundColor: 'var(--ry-bg-page)',
    color: 'var(--ry-text)',
    fontFamily: 'var(--ry-font)',
  },
  '.cm-panels.cm-panels-top': { borderBottom: '1px solid var(--ry-line)' },
  '.cm-panel.cm-search': { padding: '6px 28px 6px 8px', fontSize: '12.5px' },
  '.cm-panel.cm-search label': { fontSize: '12.5px', marginRight: '8px' },
  '.cm-textfield': {
    backgroundColor: 'var(--ry-bg)',
    border: '1px solid var(--ry-line-strong)',
    borderRadius: '4px',
    color: 'var(--ry-text)',
    padding: '2px 6px',
  },
  '.cm-button': {
    backgroundImage: 'none',
    backgroundColor: 'var(--ry-bg)',
    border: '1px solid var(--ry-line-strong)',
    borderRadius: '4px',
    color: 'var(--ry-text)',
    cursor: 'pointer',
  },
  '.cm-panel button[name=close]': { color: 'var(--ry-text-2)', fontSize: '18px', cursor: 'pointer' },
  '.cm-tooltip': {
    backgroundColor: 'var(--ry-bg)',
    border: '1px solid var(--ry-line-strong)',
    borderRadius: '6px',
    boxShadow: 'var(--ry-shadow)',
    color: 'var(--ry-text)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--ry-accent-soft)',
    color: 'var(--ry-text)',
  },
  '.cm-changedLine, &.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--code-added)' },
  '&.cm-merge-a .cm-changedLine, .cm-deletedChunk': { backgroundColor: 'var(--code-removed)' },
  '&.cm-merge-b .cm-changedText, .cm-inlineChangedLine .cm-changedText': {
    background: 'var(--code-added-strong)',
  },
  '&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText': {
    background: 'var(--code-removed-strong)',
  },
  '.cm-collapsedLines:before': { content: '"⋯"' },
  '.cm-collapsedLines:after': { content: 'none' },
  '.cm-collapsedLines': {
    background: 'var(--ry-bg-sunken)',
    color: 'var(--ry-text-2)',
    padding: '4px 12px',
    cursor: 'pointer',
  },
})

/** How code looks: every colour is one of the page's own, so that it follows the theme. */
export function codeLook(dark: boolean): Extension {
  return [FRAME, syntaxHighlighting(CODE), EditorView.darkTheme.of(dark)]
}
