import js from '@eslint/js'
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import globals from 'globals'
import ts from 'typescript-eslint'

/** Floors: app → features → ui | api. Parents are reached by the @ alias only, so that the patterns see every import. */
function floor(files, forbidden, extra = {}) {
  const message = `${files[0].split('/')[1]} may not import this floor (app → features → ui | api).`
  return {
    files,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['../../*'], message: 'Reach other folders by the @ alias.' },
            ...(forbidden.length ? [{ group: forbidden, message }] : []),
            ...(extra.patterns ?? []),
          ],
        },
      ],
    },
  }
}

export default ts.config(
  { ignores: ['node_modules', 'coverage', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.strict,
  ts.configs.stylistic,
  vue.configs['flat/recommended'],
  accessibility.configs['flat/recommended'],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.vue'] },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/define-props-declaration': 'error',
      'vue/define-emits-declaration': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      'vuejs-accessibility/label-has-for': 'off',
      // Hovering rows and toasts is a comfort that keyboards have by focus; what can be done is always a button.
      'vuejs-accessibility/no-static-element-interactions': 'off',
      'vuejs-accessibility/mouse-events-have-key-events': 'off',
    },
  },
  {
    // A page arranges; requests live in composables and api modules.
    files: ['src/**/*.vue'],
    rules: {
      'no-restricted-globals': ['error', 'fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  floor(['src/ui/**/*.{ts,vue}'], ['@/app/**', '@/features/**', '@/api/**']),
  floor(['src/api/**/*.ts'], ['@/app/**', '@/features/**', '@/ui/**']),
  floor(['src/features/**/*.{ts,vue}'], ['@/app/**']),
  floor(['src/app/**/*.{ts,vue}'], []),
  { files: ['*.config.{js,ts}', 'tools/**'], languageOptions: { globals: globals.node } },
  prettier,
)
