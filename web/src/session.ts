// SPDX-License-Identifier: Apache-2.0
// Who is signed in. The session itself is a cookie no script can read.
import { api, Problem } from './api';
import type { Session } from './types';

export type SignInFailure = 'used' | 'wrong' | 'other';

/** Why a token was refused: a link that came by address was once good, pasted text may be anything. */
export function signInFailure(error: unknown, fromLink: boolean): SignInFailure {
	if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 403 && error.status !== 400))
		return 'other';
	return fromLink ? 'used' : 'wrong';
}

/** The session, null when there is none; throws a Problem when the server does not answer. */
export async function currentSession(): Promise<Session | null> {
	try {
		return await api.session();
	} catch (error) {
		if (error instanceof Problem && error.status === 401) return null;
		throw error;
	}
}

/** Takes the token out of the address bar and the history, so that it is neither shared nor found. */
export function forgetAddress(): void {
	history.replaceState(null, '', `${location.pathname}#/devices`);
}
