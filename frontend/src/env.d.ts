/// <reference types="vite/client" />

declare module '@lucide/vue/dist/esm/icons/*.mjs' {
  /** What the library draws the icon from. */
  export const __iconData: { name: string; node: [tag: string, attributes: Record<string, string>][] }
}
