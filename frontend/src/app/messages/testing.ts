import { addMessages, speak } from '@/ui/i18n'
import { chinese, english } from './all'

// Tests speak English unless they say otherwise, and never load a language by themselves.
addMessages('en', english)
addMessages('zh-CN', chinese)
await speak('en')
