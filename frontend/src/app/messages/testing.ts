import { addMessages, speak } from '@/ui/i18n'
import en from './en'
import zh from './zh-CN'

// Tests speak English unless they say otherwise, and never load a language by themselves.
addMessages('en', en)
addMessages('zh-CN', zh)
await speak('en')
