import type { Component } from 'vue'

export interface MenuItem {
  value: string
  label: string
  icon?: Component
  /** A choice that is on or off; leave out for a plain action. */
  checked?: boolean
  divided?: boolean
  lang?: string
}
