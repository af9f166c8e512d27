// SPDX-License-Identifier: Apache-2.0
// One device: its picture, and beside it what can be done with it.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { api, Problem } from '../api';
import type { Feed } from '../events';
import { Failure } from '../parts/dialog';
import { EventList } from '../parts/event_list';
import { Facts } from '../parts/facts';
import { useNow } from '../parts/hooks';
import { Icon } from '../parts/icon';
import { LivePicture } from '../parts/live';
import { PtzPad } from '../parts/pad';
import { Presence } from '../parts/presence';
import { Presets } from '../parts/presets';
import { Settings } from '../parts/settings';
import { Share } from '../parts/share';
import { liveAddress } from '../route';
import { problemText, t } from '../text';
import type { Device as DeviceOf } from '../types';

const TABS = ['control', 'settings', 'facts', 'events'] as const;
type Tab = (typeof TABS)[number];

function useDevice(did: string, feed: Feed) {
	const [device, setDevice] = useState<DeviceOf | null>(null);
	const [failure, setFailure] = useState('');
	useEffect(() => {
		let alive = true;
		async function read() {
			try {
				const fresh = await api.device(did);
				if (alive) setDevice(fresh);
				if (alive) setFailure('');
			} catch (error) {
				const gone = error instanceof Problem && error.status === 404;
				if (alive) setFailure(gone ? t('device.gone') : problemText(error));
			}
		}
		void read();
		const deaf = feed.listen({
			onEvent: (event) => {
				if (event.did === did && event.type !== 'device.event') void read();
			},
			onRefresh: () => void read(),
		});
		return () => {
			alive = false;
			deaf();
		};
	}, [did]);
	return { device, failure, setDevice };
}

function Tabs(props: { tab: Tab; onTab: (tab: Tab) => void }) {
	function move(event: KeyboardEvent) {
		const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? TABS.length - 1 : 0;
		if (by === 0) return;
		const next = TABS[(TABS.indexOf(props.tab) + by) % TABS.length] as Tab;
		props.onTab(next);
		document.getElementById(`tab-${next}`)?.focus();
	}
	return (
		<div class="tabs" role="tablist" onKeyDown={move}>
			{TABS.map((tab) => (
				<button key={tab} type="button" role="tab" id={`tab-${tab}`} aria-selected={tab === props.tab}
					aria-controls="panel" tabIndex={tab === props.tab ? 0 : -1} onClick={() => props.onTab(tab)}>
					{t(`tab.${tab}`)}
				</button>
			))}
		</div>
	);
}

export function Device(props: { did: string; feed: Feed }) {
	const { did, feed } = props;
	const { device, failure, setDevice } = useDevice(did, feed);
	const [tab, setTab] = useState<Tab>('control');
	const [sharing, setSharing] = useState(false);
	const now = useNow();
	const url = useMemo(() => liveAddress(location.origin, did), [did]);
	const name = device?.name || did;
	useEffect(() => { document.title = `${name} – Vigil`; }, [name]);

	if (!device)
		return (
			<section>
				<a class="back" href="#/devices"><Icon name="back" />{t('device.back')}</a>
				{failure ? <Failure text={failure} /> : <p class="hint">{t('app.loading')}</p>}
			</section>
		);
	const offline = !device.presence.online;
	return (
		<section class="device">
			<div class="way">
				<a class="back" href="#/devices"><Icon name="back" />{t('device.back')}</a>
				<button type="button" onClick={() => setSharing(true)}><Icon name="share" />{t('live.share')}</button>
			</div>
			<div class="heading">
				<h1>{name}</h1>
				<Presence presence={device.presence} now={now} />
			</div>
			<Failure text={failure} />
			<div class="columns">
				<LivePicture name={name} url={url} onlineSince={offline ? null : device.presence.since} />
				<div class="side card">
					<Tabs tab={tab} onTab={setTab} />
					<div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
						{tab === 'control' && <PtzPad did={did} disabled={offline} />}
						{tab === 'control' && <Presets did={did} cached={device.presets} disabled={offline} />}
						{tab === 'settings' && offline && <p class="hint">{t('problem.device-offline')}</p>}
						{tab === 'settings' && <Settings did={did} disabled={offline} />}
						{tab === 'facts' && <Facts device={device} now={now} onChanged={setDevice} />}
						{tab === 'events' && <EventList did={did} feed={feed} now={now} />}
					</div>
				</div>
			</div>
			{sharing && <Share did={did} onClose={() => setSharing(false)} />}
		</section>
	);
}
