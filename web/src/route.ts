// SPDX-License-Identifier: Apache-2.0
// The address after '#': which page, and the tokens that must never reach a server's log.

export type Route =
	| { page: 'sign-in'; token: string }
	| { page: 'view'; token: string; did: string }
	| { page: 'device' | 'replay' | 'stills'; did: string }
	| { page: 'wall'; search: string }
	| { page: 'streams' }
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
	const [path = '', search = ''] = text.split('?');
	if (path === '/wall') return { page: 'wall', search };
	if (path === '/streams') return { page: 'streams' };
	const [, name = '', page = ''] = /^\/devices\/([^/]+)(?:\/(replay|stills))?$/.exec(path) ?? [];
	const named = decoded(name);
	return isDid(named) ? { page: (page || 'device') as 'device' | 'replay' | 'stills', did: named } : { page: 'devices' };
}

export function deviceAddress(did: string, page?: 'replay' | 'stills'): string {
	return `#/devices/${encodeURIComponent(did)}${page ? `/${page}` : ''}`;
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

/** What the live addresses understand beside the key: who asks, and what this browser can show. */
export interface LiveOptions {
	token?: string | undefined;
	codecs?: string;
}

function withOptions(base: string, options: LiveOptions): string {
	const fields = Object.entries(options).filter(([, value]) => value);
	return fields.length ? `${base}?${new URLSearchParams(fields as [string, string][])}` : base;
}

/** Same-origin address of a stream's bytes over WebSocket. A key is a did, or a replay's name. */
export function liveAddress(origin: string, key: string, options: LiveOptions = {}): string {
	return withOptions(`${origin.replace(/^http/, 'ws')}/live/${encodeURIComponent(key)}.flv`, options);
}

/** The same as HLS, for browsers without Media Source Extensions. */
export function playlistAddress(origin: string, key: string, options: LiveOptions = {}): string {
	return withOptions(`${origin}/live/${encodeURIComponent(key)}.m3u8`, options);
}
