// SPDX-License-Identifier: Apache-2.0
// No page speaks past the table of words: what people read stands in words.ts, in both languages, and is used.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { words } from '../src/words';

const SOURCE = 'src';
const SPOKEN = ['aria-label', 'title', 'placeholder', 'alt', 'label', 'aria-valuetext', 'question', 'action'];
/** Keys that are made from parts: `stage.${stage}`. Their users have tests of their own. */
const MADE = /^(stage|wait|gone|kind|event|code|problem|share|set|ptz|list|tab|nav|fact|stream\.(kind|stage)|presence|replay\.(type|stream|speed))\./;

function sources(): { name: string; text: string }[] {
	return readdirSync(SOURCE, { recursive: true } as never).map(String).filter((name) => /\.tsx?$/.test(name))
		.map((name) => ({ name, text: readFileSync(join(SOURCE, name), 'utf8') }));
}

/** Everything that is neither markup nor code: letters between a tag's end and the next tag or brace. */
function literals(text: string): string[] {
	const found: string[] = [];
	const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
	// A command line is the same in every language.
	const told = code.replace(/<code>[^<]*<\/code>/g, '');
	// A '>' that ends a tag stands behind a quote, a brace, a slash or a name; then comes text up to '<' or '{'.
	for (const [, said = ''] of told.matchAll(/<\/?[A-Za-z][^<>{}=]*(?:=(?:"[^"]*"|\{[^{}]*\})[^<>{}=]*)*\/?>([^<>{}]*)[<{]/g))
		if (/\p{L}/u.test(said) && !/[;=()]/.test(said)) found.push(said.trim());
	for (const name of SPOKEN)
		for (const [, said = ''] of code.matchAll(new RegExp(`\\s${name}=["']([^"']*\\p{L}[^"']*)["']`, 'gu'))) found.push(said);
	return found;
}

test('the search for literal text finds it where it stands', () => {
	assert.deepEqual(literals('<p class="hint">Hello</p>'), ['Hello']);
	assert.deepEqual(literals("<b onClick={go}>\n\tHello {name}</b>"), ['Hello']);
	assert.deepEqual(literals('<button title="Close" />'), ['Close']);
	assert.deepEqual(literals("<p>{t('app.close')}</p>"), []);
	assert.deepEqual(literals('<span>·</span> // <p>comment</p>'), []);
});

test('no page has a text that is not in the table', () => {
	const pages = sources().filter(({ name }) => name.endsWith('.tsx'));
	assert.ok(pages.length > 20, `${pages.length} pages`);
	const found = pages.flatMap(({ name, text }) => literals(text).map((said) => `${name}: ${said}`));
	assert.deepEqual(found, []);
});

test('every key that is asked for is in the table and every key of the table is asked for', () => {
	const code = sources().filter(({ name }) => !/words/.test(name)).map(({ text }) => text).join('\n');
	const asked = new Set([...code.matchAll(/['"`]([a-z]+(?:\.[A-Za-z0-9_]+)+)['"`]/g)].map((match) => match[1] ?? ''));
	const called = [...code.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? '');
	assert.deepEqual(called.filter((key) => !(key in words)), []);
	const idle = Object.keys(words).filter((key) => !asked.has(key) && !MADE.test(key));
	assert.deepEqual(idle, []);
});
