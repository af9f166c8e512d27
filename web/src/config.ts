// SPDX-License-Identifier: Apache-2.0
// A device's settings as a flat table of dotted names, whatever nesting the device chose.

export type Config = Record<string, unknown>;

/** These names hold an object as their value and are not taken apart. */
export const WHOLE = ['alarm.period', 'ptz.cruise'];

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** {image:{flip:true}} and {"image.flip":true} both become {"image.flip":true}. */
export function flatten(value: unknown, prefix = ''): Config {
	const flat: Config = {};
	if (!isObject(value)) return flat;
	for (const [name, inner] of Object.entries(value)) {
		const key = prefix ? `${prefix}.${name}` : name;
		if (isObject(inner) && !WHOLE.includes(key) && key.split('.').length < 3)
			Object.assign(flat, flatten(inner, key));
		else flat[key] = inner;
	}
	return flat;
}

/** What must be written to get from `before` to `after`. */
export function changes(before: Config, after: Config): Config {
	const changed: Config = {};
	for (const [name, value] of Object.entries(after))
		if (JSON.stringify(value) !== JSON.stringify(before[name])) changed[name] = value;
	return changed;
}

/** "1, 5,3" -> [1,5,3]; null when a part is not a preset's number (1..128). */
export function presetNumbers(text: string): number[] | null {
	const parts = text.split(/[,,\s]+/).filter((part) => part !== '');
	const numbers = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 0));
	return numbers.every((n) => n >= 1 && n <= 128) ? numbers : null;
}
