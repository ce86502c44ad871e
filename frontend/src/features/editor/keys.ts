import type { Shortcut } from '@/ui/keys/shortcuts'

/** The editor binds these itself; here they are only told, so each goes on to whoever has it. */
const told = (keys: string, label: Shortcut['label']): Shortcut => ({
  keys,
  label,
  whileTyping: true,
  run: () => false,
})

/** The editor's keys, for the `?` sheet. */
export const EDITOR_KEYS: readonly Shortcut[] = [
  told('ctrl+Space', 'editor.keys.complete'),
  told('F12', 'editor.keys.definition'),
  told('F2', 'editor.keys.rename'),
  told('shift+F12', 'editor.keys.references'),
  told('F8', 'editor.keys.nextFinding'),
  told('shift+alt+F', 'editor.keys.format'),
  told('mod+F', 'editor.keys.find'),
  told('alt+G', 'editor.keys.goToLine'),
  told('mod+D', 'editor.keys.nextOccurrence'),
  told('alt+Click', 'editor.keys.cursor'),
  told('mod+/', 'editor.keys.comment'),
  told('alt+ArrowUp', 'editor.keys.moveLine'),
  told('ctrl+shift+[', 'editor.keys.fold'),
  told('Escape Tab', 'editor.keys.leave'),
]
