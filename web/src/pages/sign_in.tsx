// SPDX-License-Identifier: Apache-2.0
// The door: a one-time link signs in by itself; otherwise a link or token can be pasted.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from '../api';
import { Failure } from '../parts/dialog';
import { Frame } from '../parts/frame';
import { tokenFromPaste } from '../route';
import { currentSession, forgetAddress, signInFailure, type SignInFailure } from '../session';
import { problemText, t } from '../text';

function Another() {
	return (
		<div class="note">
			<p>{t('sign.another')}</p>
			<p><code>vigil sign-in-link</code></p>
			<p class="hint">{t('sign.restart')}</p>
		</div>
	);
}

export function SignIn(props: { token?: string | undefined; ended?: boolean; onSignedIn: () => void }) {
	const [text, setText] = useState('');
	const [busy, setBusy] = useState(Boolean(props.token));
	const [failure, setFailure] = useState<{ kind: SignInFailure; words: string } | null>(null);
	const tried = useRef('');

	async function signIn(token: string, fromLink: boolean) {
		setBusy(true);
		setFailure(null);
		try {
			await api.signIn(token);
			forgetAddress();
			props.onSignedIn();
		} catch (error) {
			const kind = signInFailure(error, fromLink);
			// Whoever opens a spent link in the browser that it signed in is in already.
			if (kind === 'used' && (await currentSession().catch(() => null))?.role === 'platform') {
				forgetAddress();
				return props.onSignedIn();
			}
			// A spent token has no business in the address bar; one the server never saw may still be good.
			if (kind !== 'other') forgetAddress();
			const words = kind === 'used' ? t('sign.used') : kind === 'wrong' ? t('sign.wrong') : problemText(error);
			setFailure({ kind, words });
			setBusy(false);
		}
	}
	useEffect(() => {
		if (!props.token || tried.current === props.token) return;
		tried.current = props.token;
		void signIn(props.token, true);
	}, [props.token]);

	return (
		<Frame>
			<section class="card sign-in">
				<h1>{t('sign.title')}</h1>
				{props.ended && !failure && <p class="hint">{t('sign.ended')}</p>}
				<Failure text={failure?.words} />
				<form onSubmit={(event) => {
					event.preventDefault();
					const token = tokenFromPaste(text);
					if (token) void signIn(token, /signin=/.test(text));
				}}>
					<label class="field"><span>{t('sign.token')}</span>
						<input name="token" type="password" class="mono" autocomplete="off" spellcheck={false} required
							value={text} onInput={(event) => setText(event.currentTarget.value)} />
					</label>
					{!failure && <p class="hint">{t('sign.hint')}</p>}
					<button type="submit" class="primary block" disabled={busy}>
						{busy ? t('sign.working') : t('sign.title')}
					</button>
				</form>
				{failure && failure.kind !== 'other' && <Another />}
				{failure?.kind === 'other' && props.token &&
					<button type="button" onClick={() => signIn(props.token ?? '', true)}>{t('app.retry')}</button>}
			</section>
			<p class="foot"><a href="/licences.txt">{t('app.licences')}</a></p>
		</Frame>
	);
}
