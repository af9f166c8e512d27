// SPDX-License-Identifier: Apache-2.0
// Makes a link that opens one device's picture for a while, and nothing else.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { viewAddress } from '../route';
import { t } from '../text';
import { CopyField } from './copy';
import { Dialog, Failure } from './dialog';
import { useTask } from './hooks';

const LIVES = [900, 3600, 86400] as const;

export function Share(props: { did: string; onClose: () => void }) {
	const [seconds, setSeconds] = useState<number>(LIVES[0]);
	const [link, setLink] = useState('');
	const { busy, failure, run } = useTask();
	async function make(event: Event) {
		event.preventDefault();
		const answer = await run(() => api.viewToken(props.did, seconds));
		if (answer) setLink(viewAddress(location.origin, answer.token, props.did));
	}
	return (
		<Dialog title={t('share.title')} onClose={props.onClose}>
			<p class="hint">{t('share.hint')}</p>
			<form class="inline" onSubmit={make}>
				<label class="field"><span>{t('share.for')}</span>
					<select value={String(seconds)} onChange={(event) => {
						setSeconds(Number(event.currentTarget.value));
						setLink('');
					}}>
						{LIVES.map((life) => <option key={life} value={String(life)}>{t(`share.${life}`)}</option>)}
					</select>
				</label>
				<button type="submit" class="primary" disabled={busy}>{t('share.make')}</button>
			</form>
			<Failure text={failure} />
			{link && <CopyField key={link} name="view-link" label={t('share.link')} value={link} />}
		</Dialog>
	);
}
