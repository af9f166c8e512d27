// SPDX-License-Identifier: Apache-2.0
// Looks at the <video> as a person would: does it move, and does it look where it looked before?
import { sleep, until } from './programs.mjs';

const WIDTH = 64;
const HEIGHT = 36;

/** The picture now, small, as grey values, with the video's time. */
export function look(page) {
	return page.evaluate(([width, height]) => {
		const video = document.querySelector('video');
		const canvas = document.createElement('canvas');
		canvas.width = width;
		canvas.height = height;
		const paper = canvas.getContext('2d', { willReadFrequently: true });
		paper.drawImage(video, 0, 0, width, height);
		const { data } = paper.getImageData(0, 0, width, height);
		const grey = [];
		for (let i = 0; i < data.length; i += 4) grey.push((data[i] + data[i + 1] + data[i + 2]) / 3);
		return { time: video.currentTime, grey };
	}, [WIDTH, HEIGHT]);
}

/** Mean difference of two pictures, 0..255. */
export function difference(one, other) {
	return one.grey.reduce((sum, grey, i) => sum + Math.abs(grey - other.grey[i]), 0) / one.grey.length;
}

export async function playing(page, limitMs = 20000) {
	await page.waitForSelector('.live[data-phase=playing]', { timeout: limitMs });
	await until('currentTime moves', async () => {
		const before = await look(page);
		await sleep(300);
		return (await look(page)).time > before.time;
	}, limitMs);
}

/** Holds a direction with the mouse for `ms`, then waits until the picture shows the result. */
export async function turn(page, direction, ms) {
	const button = page.locator(`[data-direction=${direction}]`);
	await button.scrollIntoViewIfNeeded();
	const box = await button.boundingBox();
	await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
	await page.mouse.down();
	await sleep(ms);
	await page.mouse.up();
	await sleep(2500);
}
