// SPDX-License-Identifier: Apache-2.0
// A small test runner: cases run one after another in the order they were written, each with a time limit.
const TIMEOUT_MS = 90000;
const cases = [];

/** Titles are unique; `body` gets the stage of fixture.mjs and throws to fail. */
export function test(title, body) {
	if (cases.some((one) => one.title === title)) throw new Error(`two tests are called "${title}"`);
	cases.push({ title, body });
}

async function limited(body, stage) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`took longer than ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
	});
	try {
		await Promise.race([body(stage), late]);
	} finally {
		clearTimeout(timer);
	}
}

/** Runs the cases whose title contains `wanted`; answers how many failed. */
export async function runCases(stage, wanted) {
	const counts = { passed: 0, failed: 0, skipped: 0 };
	for (const { title, body } of cases) {
		if (!title.includes(wanted)) {
			counts.skipped++;
			continue;
		}
		const began = Date.now();
		let failure = null;
		try {
			await limited(body, stage);
			stage.checkPages();
			counts.passed++;
		} catch (error) {
			failure = error;
			counts.failed++;
		}
		console.log(`${failure ? 'not ok' : 'ok'} - ${title} (${Date.now() - began} ms)`);
		if (failure) {
			console.log(String(failure.stack ?? failure).replace(/^/gm, '    '));
			if (failure.cause) console.log(`    because: ${failure.cause.message || failure.cause.code}`);
			await stage.keepTraces(title);
		}
		await stage.clear();
	}
	console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
	return counts.failed;
}
