// SPDX-License-Identifier: Apache-2.0
// Which devices hang on the wall: a list with a search, at most as many as the wall has room for.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { PAGE } from '../devices';
import { t } from '../text';
import type { Device } from '../types';
import { TILES_MAX, tidy, toggle, type Wall } from '../wall/choice';
import { Dialog, Failure } from './dialog';
import { useNow, useTask } from './hooks';
import { Icon } from './icon';
import { Presence } from './presence';

const TYPING_MS = 250;

/** What is chosen first, so that it can be taken off without a search. */
function inOrder(devices: Device[], chosen: string[]): Device[] {
	const place = (device: Device) => (chosen.includes(device.did) ? chosen.indexOf(device.did) : TILES_MAX);
	return [...devices].sort((one, other) => place(one) - place(other));
}

export function ChooseDevices(props: { wall: Wall; onWall: (wall: Wall) => void; onClose: () => void }) {
	const { wall, onWall } = props;
	const [q, setQ] = useState('');
	const [devices, setDevices] = useState<Device[]>([]);
	const [first] = useState(wall.dids);
	const { busy, failure, run } = useTask();
	const now = useNow();
	useEffect(() => {
		let alive = true;
		const timer = setTimeout(async () => {
			const page = await run(() => api.devices({ limit: PAGE, ...(q.trim() ? { q: q.trim() } : {}) }));
			if (alive && page) setDevices(page.items);
		}, q ? TYPING_MS : 0);
		return () => {
			alive = false;
			clearTimeout(timer);
		};
	}, [q]);
	const count = wall.dids.length;
	const isFull = count >= TILES_MAX;
	async function online() {
		const page = await run(() => api.devices({ online: 'true', limit: TILES_MAX }));
		if (page) onWall(tidy({ ...wall, dids: page.items.map((device) => device.did) }));
	}
	return (
		<Dialog title={t('wall.choose')} onClose={props.onClose} look="chooser-dialog">
			<p class="hint" role="status">
				{isFull ? t('wall.choose.full') : t('wall.choose.hint', { max: TILES_MAX, n: count })}
			</p>
			<label class="search">
				<span class="sr">{t('list.search')}</span><Icon name="search" />
				<input type="search" name="wall-q" placeholder={t('list.search')} value={q}
					onInput={(event) => setQ(event.currentTarget.value)} />
			</label>
			<Failure text={failure} />
			<ul class="choices">
				{inOrder(devices, first).map((device) => {
					const isIn = wall.dids.includes(device.did);
					return (
						<li key={device.did}><label>
							<input type="checkbox" name="wall-device" value={device.did} checked={isIn} disabled={!isIn && isFull}
								onChange={() => onWall(toggle(wall, device.did))} />
							<span class="name">{device.name || device.did}</span>
							<Presence presence={device.presence} now={now} brief />
						</label></li>
					);
				})}
				{!busy && devices.length === 0 && <li class="hint">{t('list.none')}</li>}
			</ul>
			<div class="actions">
				<button type="button" class="quiet" disabled={count === 0} onClick={() => onWall(tidy({ ...wall, dids: [] }))}>
					{t('wall.choose.none')}
				</button>
				<button type="button" onClick={online} disabled={busy}>{t('wall.choose.online')}</button>
				<button type="button" class="primary" onClick={props.onClose}>{t('add.done')}</button>
			</div>
		</Dialog>
	);
}
