import { expect, it } from 'vitest'
import { sanitize } from './sanitize'

it.each([
  ['<p>Say <b>hello</b></p>', '<p>Say <b>hello</b></p>'],
  ['<pre><code class="x">a &lt; b</code></pre>', '<pre><code class="x">a &lt; b</code></pre>'],
  ['<img src=x onerror=alert(1)>text', 'text'],
  ['<script>alert(1)</script>a<style>*{}</style>', 'a'],
  ['<p onclick="x()" style="color:red">a</p>', '<p>a</p>'],
  ['<form><input>inside</form>', 'inside'],
  ['<a href="javascript:alert(1)">a</a>', '<a target="_blank" rel="noopener noreferrer">a</a>'],
  [
    '<a href="https://example.org/x">a</a>',
    '<a href="https://example.org/x" target="_blank" rel="noopener noreferrer">a</a>',
  ],
  ['<div><div><script>1</script><em>deep</em></div></div>', '<em>deep</em>'],
])('makes %j harmless', (html, clean) => {
  expect(sanitize(html)).toBe(clean)
})
