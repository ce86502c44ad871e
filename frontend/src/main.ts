import { createPinia } from 'pinia'
import { createApp } from 'vue'
import '@/ui/routing'
import '@/ui/styles/tokens.css'
import '@/ui/styles/base.css'
import App from '@/app/App.vue'
import { library } from '@/app/messages/load'
import { router } from '@/app/router'
import { loadShell } from '@/app/shell'
import { installI18n, speak } from '@/ui/i18n'
import { usePreferences } from '@/ui/state/preferences'
import { nextTask } from '@/ui/state/turns'

const app = createApp(App)
app.use(createPinia())
installI18n(app, library)

// What was evaluated so far, the preferences with the words, and the way to the page: a task each.
await nextTask()
const { language } = usePreferences()
await nextTask()
const spoken = speak(language)
if (location.pathname !== '/login') void loadShell()
await nextTask()
app.use(router)
// Words first, so that no page ever shows message keys; the route's own code loads at the same time.
// A page that doesn't come is told of in the frame.
await Promise.all([spoken, router.isReady().catch(() => undefined)])
await nextTask()
app.mount('#app')
