// SPDX-License-Identifier: Apache-2.0
// The address after '#': which page, and the tokens that must never reach a server's log.

export type Route =
	| { page: 'sign-in'; token: string }
	| { page: 'view'; token: string; did: string }
	| { page: 'device'; did: string }
	| { page: 'devices' };

export const TOKEN_MAX = 64;
const DID = /^[A-Za-z0-9:.-]{1,64}$/;

export function isDid(text: string): boolean {
	return DID.test(text);
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return '';
	}
}

/** Never fails: what it does not know is the list of devices. */
export function readRoute(hash: string): Route {
	const text = hash.replace(/^#/, '');
	const fields = new URLSearchParams(text);
	const signIn = fields.get('signin');
	if (signIn) return { page: 'sign-in', token: signIn };
	const view = fields.get('view');
	const did = fields.get('did') ?? '';
	if (view && isDid(did)) return { page: 'view', token: view, did };
	const named = decoded(/^\/devices\/([^/?]+)$/.exec(text)?.[1] ?? '');
	return isDid(named) ? { page: 'device', did: named } : { page: 'devices' };
}

export function deviceAddress(did: string): string {
	return `#/devices/${encodeURIComponent(did)}`;
}

export function viewAddress(origin: string, token: string, did: string): string {
	return `${origin}/#${new URLSearchParams({ view: token, did })}`;
}

/** The token inside whatever a person pasted: the whole link, its fragment, or the bare token. */
export function tokenFromPaste(text: string): string {
	const trimmed = text.trim();
	const inLink = /[#&]signin=([^&\s]+)/.exec(trimmed)?.[1];
	return inLink ? decoded(inLink) : trimmed;
}

/** Same-origin address of a device's live bytes over WebSocket. */
export function liveAddress(origin: string, did: string, token?: string): string {
	const base = `${origin.replace(/^http/, 'ws')}/live/${encodeURIComponent(did)}.flv`;
	return token ? `${base}?token=${encodeURIComponent(token)}` : base;
}
