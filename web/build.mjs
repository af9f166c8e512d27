// SPDX-License-Identifier: Apache-2.0
// Builds the console into dist/: index.html, app.js, app.css, icon.svg, licences.txt.
// Names are fixed; the server answers with an ETag, so a browser asks again and gets 304.
import { build, context } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');
/** What a phone on a slow link loads before it sees anything; most of it is mpegts.js. */
const APP_GZIP_MAX = 120_000;
const watching = process.argv.includes('--watch');

// Everything that ends up inside app.js, with the text its licence asks us to keep.
const bundled = ['preact', 'mpegts.js', 'es6-promise', 'events'];

function licences() {
	return bundled.map((name) => {
		const folder = join(here, 'node_modules', name);
		const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
		let text = `Licence: ${about.license}`;
		for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt']) {
			try {
				text = readFileSync(join(folder, file), 'utf8');
				break;
			} catch (error) {
				if (error.code !== 'ENOENT') throw error;
			}
		}
		return `${name} ${about.version}\n\n${text.trim()}\n`;
	}).join(`\n${'-'.repeat(72)}\n\n`);
}

const options = {
	absWorkingDir: here,
	entryPoints: { app: 'src/main.tsx' },
	outdir: 'dist',
	bundle: true,
	format: 'iife',
	target: ['es2020', 'safari15'],
	jsx: 'automatic',
	jsxImportSource: 'preact',
	minify: !watching,
	sourcemap: watching ? 'linked' : false,
	legalComments: 'none',
	logLevel: 'info',
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const name of ['index.html', 'icon.svg']) copyFileSync(join(here, 'src', name), join(dist, name));
writeFileSync(join(dist, 'licences.txt'), licences());
if (watching) await (await context(options)).watch();
else {
	await build(options);
	const size = gzipSync(readFileSync(join(dist, 'app.js')), { level: 9 }).length;
	if (size > APP_GZIP_MAX) throw new Error(`app.js is ${size} bytes packed, over ${APP_GZIP_MAX}`);
}
