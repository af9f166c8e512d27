// SPDX-License-Identifier: Apache-2.0
// Axes of a plot: round steps, values in words, and which point is under the pointer. Pure.

/** Round values from 0 to at least `most`, at most `count` steps. Whole ones when `isWhole`. */
export function axis(most: number, count: number, isWhole = false): number[] {
	const raw = Math.max(most, isWhole ? 1 : Number.EPSILON) / count;
	const power = 10 ** Math.floor(Math.log10(raw));
	const rounded = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999999) ?? 10 * power;
	const step = isWhole ? Math.max(1, Math.ceil(rounded)) : rounded;
	const steps = Math.max(1, Math.ceil(most / step - 1e-9));
	return Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

const UNITS: [number, string][] = [[1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1e3, 'kbit/s'], [0, 'bit/s']];

/** A rate that a person can read: "1.8 Mbit/s". */
export function rateText(bits: number): string {
	const [size, unit] = UNITS.find(([least]) => bits >= least) as [number, string];
	const value = size ? bits / size : bits;
	return `${Number(value.toPrecision(value >= 100 ? 3 : 2))} ${unit}`;
}

/** The index of the point whose `at` is nearest; -1 for none. `points` are in the order of time. */
export function nearest(points: { at: number }[], at: number): number {
	let best = -1;
	let least = Infinity;
	points.forEach((point, i) => {
		const off = Math.abs(point.at - at);
		if (off <= least) [best, least] = [i, off];
	});
	return best;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600];

/** Marks of the local clock between two times, at most `count` of them. */
export function timeMarks(from: number, to: number, count: number): number[] {
	const step = (STEPS_S.find((s) => (to - from) / 1000 / s <= count) ?? 86400) * 1000;
	const marks: number[] = [];
	for (let at = Math.ceil(from / step) * step; at <= to; at += step) marks.push(at);
	return marks;
}
