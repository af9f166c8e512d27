// SPDX-License-Identifier: Apache-2.0
// What hangs on the wall: in the address, so that it can be shared, and remembered for the next time. Pure.
import { isDid } from '../route';

export const TILES_MAX = 16;
export const LAYOUTS = [1, 4, 9, 16] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface Wall {
	layout: Layout;
	dids: string[];
	/** The first of the devices shown, a multiple of the layout. */
	from: number;
}

export const bare: Wall = { layout: 4, dids: [], from: 0 };

/** The largest multiple of the layout not above `from` that still shows a device. */
function startOf(from: number, layout: number, count: number): number {
	const last = Math.max(0, Math.floor((count - 1) / layout) * layout);
	return Math.min(Math.max(0, Math.floor(from / layout) * layout), last);
}

export function tidy(wall: Wall): Wall {
	const dids = [...new Set(wall.dids)].filter(isDid).slice(0, TILES_MAX);
	return { layout: wall.layout, dids, from: startOf(wall.from, wall.layout, dids.length) };
}

/** "n=9&d=a,b&from=0"; null when the text says nothing about a wall. */
export function readWall(text: string): Wall | null {
	const fields = new URLSearchParams(text);
	const layout = LAYOUTS.find((one) => String(one) === fields.get('n'));
	const dids = (fields.get('d') ?? '').split(',').filter(Boolean);
	if (!layout && dids.length === 0) return null;
	return tidy({ layout: layout ?? bare.layout, dids, from: Number(fields.get('from')) || 0 });
}

export function writeWall(wall: Wall): string {
	const dids = wall.dids.map(encodeURIComponent).join(',');
	return `n=${wall.layout}&d=${dids}${wall.from ? `&from=${wall.from}` : ''}`;
}

/** In or out; a full wall takes no more. */
export function toggle(wall: Wall, did: string): Wall {
	const isIn = wall.dids.includes(did);
	if (!isIn && wall.dids.length >= TILES_MAX) return wall;
	return tidy({ ...wall, dids: isIn ? wall.dids.filter((one) => one !== did) : [...wall.dids, did] });
}

/** Another layout that shows the same first device. */
export function relayout(wall: Wall, layout: Layout): Wall {
	return tidy({ ...wall, layout });
}

export function turnPage(wall: Wall, by: 1 | -1): Wall {
	return tidy({ ...wall, from: wall.from + by * wall.layout });
}

export function shown(wall: Wall): string[] {
	return wall.dids.slice(wall.from, wall.from + wall.layout);
}
