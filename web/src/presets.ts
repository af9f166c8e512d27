// SPDX-License-Identifier: Apache-2.0
// Places a camera remembers, as the protocol numbers them: 1 to 128.
import type { Preset } from './types';

export const PRESET_MAX = 128;

/** The lowest free number, or null when all are taken. */
export function freeIndex(presets: Preset[]): number | null {
	const taken = new Set(presets.map((preset) => preset.index));
	for (let index = 1; index <= PRESET_MAX; index++) if (!taken.has(index)) return index;
	return null;
}

/** Reads the answer of preset.list; what has no proper number is left out. */
export function presetsFrom(answer: unknown): Preset[] {
	const list = (answer as { presets?: unknown } | undefined)?.presets;
	if (!Array.isArray(list)) return [];
	return list
		.map((item) => ({ index: Number((item as Preset)?.index), name: String((item as Preset)?.name ?? '') }))
		.filter(({ index }) => Number.isInteger(index) && index >= 1 && index <= PRESET_MAX)
		.sort((one, other) => one.index - other.index);
}
