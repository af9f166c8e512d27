// SPDX-License-Identifier: Apache-2.0
// Compiles every test/*.test.ts with esbuild and gives the result to node's own test runner.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const names = readdirSync(here).filter((name) => name.endsWith('.test.ts'));
const out = mkdtempSync(join(tmpdir(), 'console-test-'));
let status = 1;
try {
	await build({
		absWorkingDir: here, entryPoints: names, outdir: out, outExtension: { '.js': '.mjs' },
		bundle: true, platform: 'node', format: 'esm', target: 'node18', sourcemap: 'inline', logLevel: 'warning',
	});
	const files = names.map((name) => join(out, name.replace(/\.ts$/, '.mjs')));
	status = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit', cwd: join(here, '..') }).status ?? 1;
} finally {
	rmSync(out, { recursive: true, force: true });
}
process.exit(status);
