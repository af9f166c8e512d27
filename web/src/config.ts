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

export const CRUISE_PRESETS_MAX = 32;

/** Day 1 is Monday. */
export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** The days with `day` (1..7) in or out, in the order of the week; what we do not know is kept. */
export function withDay(days: unknown, day: number, isIn: boolean): string[] {
	const name = DAYS[day - 1] as string;
	const others = (Array.isArray(days) ? days : []).filter((one): one is string => typeof one === 'string' && one !== name);
	const known = DAYS.filter((one) => (one === name ? isIn : others.includes(one)));
	return [...known, ...others.filter((one) => !(DAYS as readonly string[]).includes(one))];
}

/** "1, 5,3", also with Chinese commas, -> [1,5,3]; null when a part is not a preset's number (1..128), or above CRUISE_PRESETS_MAX of them. */
export function presetNumbers(text: string): number[] | null {
	const parts = text.split(/[,，、\s]+/).filter((part) => part !== '');
	const numbers = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 0));
	const good = numbers.length <= CRUISE_PRESETS_MAX && numbers.every((n) => n >= 1 && n <= 128);
	return good ? numbers : null;
}
