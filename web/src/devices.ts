// SPDX-License-Identifier: Apache-2.0
// The list of devices as pure functions over what was read.
import type { Device, Page } from './types';

/** One read: the cameras of a large site at once; the list of a larger one grows on demand. */
export const PAGE = 200;
/** The most devices that are read again when much has changed; a longer list is cut there. */
export const REREAD_MAX = 2000;

/** Reads the first `wanted` devices (at least a page, at most REREAD_MAX), page by page. */
export async function readDevices(
	read: (cursor: string | undefined) => Promise<Page<Device>>, wanted: number,
): Promise<Page<Device>> {
	let page = await read(undefined);
	let items = page.items;
	while (page.next && items.length < Math.min(wanted, REREAD_MAX)) {
		page = await read(page.next);
		items = appendPage(items, page.items);
	}
	return { items, next: page.next };
}

/** Above this many changed devices at once, the list is read again instead. */
export const SINGLE_READS_MAX = 8;

/** Adds a page; a device already shown (it moved between two reads) is replaced, not doubled. */
export function appendPage(shown: Device[], page: Device[]): Device[] {
	const fresh = new Map(page.map((device) => [device.did, device]));
	const kept = shown.map((device) => {
		const newer = fresh.get(device.did);
		fresh.delete(device.did);
		return newer ?? device;
	});
	return [...kept, ...fresh.values()];
}

export function replaceDevice(shown: Device[], device: Device): Device[] {
	return shown.map((old) => (old.did === device.did ? device : old));
}

export type Reread = { kind: 'none' } | { kind: 'some'; dids: string[] } | { kind: 'all' };

/** What to read after events named `dids`; a device that is not shown may belong on the list now. */
export function plan(shown: Device[], dids: Set<string>, filtered: boolean): Reread {
	if (dids.size === 0) return { kind: 'none' };
	const known = shown.filter((device) => dids.has(device.did)).map((device) => device.did);
	const strangers = known.length < dids.size;
	if (filtered || strangers || known.length > SINGLE_READS_MAX) return { kind: 'all' };
	return { kind: 'some', dids: known };
}

export const PROFILE_SHOWN_MAX = 20;

/** The plain values of what the device said about itself, at most PROFILE_SHOWN_MAX of them. */
export function profileRows(profile: unknown): [string, string][] {
	if (typeof profile !== 'object' || profile === null) return [];
	return Object.entries(profile)
		.filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
		.slice(0, PROFILE_SHOWN_MAX)
		.map(([name, value]) => [name, String(value)]);
}
