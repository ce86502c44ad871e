const FIELD = 'input, textarea, select, [contenteditable="true"]'
const USELESS = ':disabled, [type="file"], [type="hidden"], [tabindex="-1"]'

/** The field that one begins with, where there is any. */
export function firstField(form: ParentNode | null | undefined): HTMLElement | undefined {
  return [...(form?.querySelectorAll<HTMLElement>(FIELD) ?? [])].find((field) => !field.matches(USELESS))
}
