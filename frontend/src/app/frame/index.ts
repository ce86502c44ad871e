export { askFirst, installQueries } from '../queries'
export { default as AppShell } from './AppShell.vue'
