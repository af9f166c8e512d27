// SPDX-License-Identifier: Apache-2.0
// Pictures and files of a device as pure functions over what was read.

export const STILLS_PAGE = 24;

/** The path of an address on this very server: a public name in front of it would be refused by the page's policy. */
export function localPath(url: string, origin: string): string {
	try {
		const whole = new URL(url, origin);
		return whole.pathname + whole.search;
	} catch {
		return '';
	}
}

/** Joins two pages newest first, without doubles. */
export function mergeByName<T extends { name: string; time: string }>(shown: T[], fresh: T[]): T[] {
	const byName = new Map([...shown, ...fresh].map((one) => [one.name, one]));
	return [...byName.values()].sort((one, other) =>
		Date.parse(other.time) - Date.parse(one.time) || (one.name < other.name ? 1 : -1));
}

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** "1.4 MB" */
export function sizeText(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 1000 && unit < UNITS.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}
