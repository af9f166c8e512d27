// SPDX-License-Identifier: Apache-2.0
// node run.mjs [part of a title]: the console in chromium, on a real vigild with real simulated cameras.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCases } from './cases.mjs';
import { Stage } from './fixture.mjs';

const names = readdirSync(dirname(fileURLToPath(import.meta.url))).filter((name) => name.endsWith('.test.mjs')).sort();
for (const name of names) await import(`./${name}`);
let failed = 1;
const stage = await Stage.open().catch((error) => {
	console.log(`not ok - the stage\n    ${error.stack}\n0 passed, 1 failed, 0 skipped`);
	process.exit(1);
});
try {
	failed = await runCases(stage, process.argv[2] ?? '');
} finally {
	await stage.close();
}
process.exit(failed ? 1 : 0);
