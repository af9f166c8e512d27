// SPDX-License-Identifier: Apache-2.0
// The pictures a device took and the files it uploaded: look, keep, delete, take another.
import { useEffect, useState } from 'preact/hooks';
import { api, Problem } from '../api';
import type { Feed } from '../events';
import { Confirm, Failure } from '../parts/dialog';
import { DeviceTop, useDevice } from '../parts/device_top';
import { Files } from '../parts/files';
import { useNow, useTask } from '../parts/hooks';
import { Icon } from '../parts/icon';
import { StillDialog, StillImage } from '../parts/still';
import { localPath, mergeByName, STILLS_PAGE } from '../stills';
import { clock, t } from '../text';
import type { Still } from '../types';

function useStills(did: string) {
	const [stills, setStills] = useState<Still[]>([]);
	const [next, setNext] = useState<string | null>(null);
	const [state, setState] = useState<'asking' | 'there' | 'absent'>('asking');
	const task = useTask();
	async function read(cursor?: string) {
		const page = await task.run(() => api.stills(did, STILLS_PAGE, cursor).catch((error) => {
			if (error instanceof Problem && error.status === 404) return null;
			throw error;
		}));
		if (page === undefined) return;
		setState(page ? 'there' : 'absent');
		if (!page) return;
		setStills((old) => mergeByName(old, page.items));
		if (cursor || stills.length === 0) setNext(page.next);
	}
	useEffect(() => void read(), [did]);
	const remove = (name: string) => setStills((old) => old.filter((still) => still.name !== name));
	return { stills, next, state, read, remove, busy: task.busy, failure: task.failure };
}

function Gallery(props: { did: string; disabled: boolean }) {
	const { did } = props;
	const list = useStills(did);
	const take = useTask();
	const bin = useTask();
	const now = useNow();
	const [open, setOpen] = useState<string | null>(null);
	const [doomed, setDoomed] = useState<Still | null>(null);
	const [said, setSaid] = useState('');
	const at = list.stills.findIndex((still) => still.name === open);
	const shown = list.stills[at];

	async function capture() {
		setSaid('');
		const done = await take.run(() => api.act(did, { capture: {} }));
		if (!done) return;
		setSaid(t('still.taken'));
		await list.read();
	}
	async function remove() {
		if (!doomed) return;
		const done = await bin.run(() => api.removeFile(localPath(doomed.url, location.origin)).then(() => true));
		if (!done) return;
		setDoomed(null);
		setOpen(null);
		list.remove(doomed.name);
	}
	return (
		<div class="gallery">
			<div class="heading">
				<button type="button" class="primary" disabled={props.disabled || take.busy} onClick={capture}>
					<Icon name="camera" />{take.busy ? t('still.taking') : t('still.take')}
				</button>
				<span class="hint" role="status">{props.disabled ? t('problem.device-offline') : said}</span>
			</div>
			<Failure text={take.failure || list.failure} />
			{list.state === 'asking' && !list.failure && <p class="hint">{t('app.loading')}</p>}
			{list.state === 'absent' && <p class="empty">{t('still.absent')}</p>}
			{list.state === 'there' && list.stills.length === 0 && <p class="empty">{t('still.none')}</p>}
			<ul class="stills">
				{list.stills.map((still) => (
					<li key={still.name}>
						<button type="button" class="still" data-still={still.name} onClick={() => setOpen(still.name)}
							aria-label={t('still.open', { time: clock(still.time, now, true) })}>
							<StillImage still={still} />
							<time dateTime={still.time}>{clock(still.time, now, true)}</time>
						</button>
					</li>
				))}
			</ul>
			{list.next && <button type="button" class="block" disabled={list.busy}
				onClick={() => void list.read(list.next ?? undefined)}>{t('list.more')}</button>}
			{shown && !doomed && <StillDialog still={shown} now={now} onClose={() => setOpen(null)}
				onDelete={() => setDoomed(shown)}
				{...(at > 0 ? { onBefore: () => setOpen(list.stills[at - 1]?.name ?? null) } : {})}
				{...(at < list.stills.length - 1 ? { onAfter: () => setOpen(list.stills[at + 1]?.name ?? null) } : {})} />}
			{doomed && <Confirm title={t('still.delete')} action={t('still.delete')} busy={bin.busy} failure={bin.failure}
				question={t('still.delete.sure', { time: clock(doomed.time, now, true) })} onYes={remove}
				onNo={() => setDoomed(null)} />}
		</div>
	);
}

export function Stills(props: { did: string; feed: Feed }) {
	const { did, feed } = props;
	const { device, failure } = useDevice(did, feed);
	const now = useNow();
	const name = device?.name || did;
	useEffect(() => { document.title = `${t('still.title', { name })} – Vigil`; }, [name]);
	return (
		<section class="device">
			<DeviceTop did={did} device={device} failure={failure} now={now} page="stills" />
			{device && <Gallery did={did} disabled={!device.presence.online} />}
			{device && <Files did={did} />}
		</section>
	);
}
