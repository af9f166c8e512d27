// SPDX-License-Identifier: Apache-2.0
// What the API says, as the console uses it. Fields nobody here reads are left out.

export interface Presence {
	online: boolean;
	state: 'online' | 'offline' | 'never';
	since: string | null;
	last_seen: string | null;
	address: string | null;
	reason: string | null;
	weak_sign: boolean;
	link: { node: string; epoch: number; kind: 'direct' | 'child' } | null;
}

export interface Preset {
	index: number;
	name: string;
}

export interface Device {
	did: string;
	name: string;
	kind: string;
	sign_policy: string;
	push: 'play' | 'self';
	created_at: string;
	updated_at: string;
	profile: Record<string, unknown>;
	gateway: string | null;
	presence: Presence;
	presets: Preset[];
}

export interface NewDevice extends Device {
	secret: string;
}

export interface Page<T> {
	items: T[];
	next: string | null;
}

export interface ImportAnswer {
	created: number;
	updated: number;
	refused: { line: number; did: string; reason: string; detail: string }[];
}

export interface ServerEvent {
	id: string;
	cursor: string;
	time: string;
	type: string;
	did: string | null;
	data: Record<string, unknown>;
}

export interface Session {
	role: 'platform' | 'viewer';
	did?: string;
	expires_at?: string;
}

export interface ActionAnswer {
	mid: string;
	result: Record<string, Record<string, unknown>>;
}
