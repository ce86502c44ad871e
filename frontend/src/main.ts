import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '@/ui/routing'
import '@/ui/styles/tokens.css'
import '@/ui/styles/base.css'
import App from '@/app/App.vue'
import { loadMessages } from '@/app/messages/load'
import { router } from '@/app/router'
import { loadShell } from '@/app/shell'
import { installI18n, speak } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'

const app = createApp(App)
app.use(createPinia())
installI18n(app, loadMessages)
app.use(router)

if (location.pathname !== '/login') void loadShell()
// Words first, so that no page ever shows message keys; the route's own code loads at the same time.
await Promise.all([speak(usePreferences().language), router.isReady()])
// A task of its own: what was evaluated so far has kept the page busy for long enough.
setTimeout(() => app.mount('#app'))
