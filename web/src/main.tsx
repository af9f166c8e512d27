// SPDX-License-Identifier: Apache-2.0
// Starts the console: language, session, feed, and which page the address asks for.
import './style.css';
import './style_watch.css';
import { render } from 'preact';
import { useEffect, useReducer, useState } from 'preact/hooks';
import { api } from './api';
import { Feed, type FeedState } from './events';
import { Device } from './pages/device';
import { Devices } from './pages/devices';
import { Replay } from './pages/replay';
import { SignIn } from './pages/sign_in';
import { Stills } from './pages/stills';
import { Streams } from './pages/streams';
import { View } from './pages/view';
import { WallPage } from './pages/wall';
import { Frame, type Place } from './parts/frame';
import { readRoute, type Route } from './route';
import { currentSession } from './session';
import { onLanguage, startLanguage, t } from './text';

type Who = 'asking' | 'nobody' | 'somebody' | 'ended';

function useRoute() {
	const [hash, setHash] = useState(location.hash);
	useEffect(() => {
		const changed = () => setHash(location.hash);
		window.addEventListener('hashchange', changed);
		return () => window.removeEventListener('hashchange', changed);
	}, []);
	return readRoute(hash);
}

/** Asks who is signed in until the server says; then follows the feed, which notices an ended session. */
function useSession(feed: Feed, wanted: boolean) {
	const [who, setWho] = useState<Who>('asking');
	const [state, setState] = useState<FeedState>('connecting');
	useEffect(() => {
		if (who !== 'asking' || !wanted) return undefined;
		let timer: ReturnType<typeof setTimeout> | undefined;
		const ask = () => currentSession().then(
			(session) => setWho(session?.role === 'platform' ? 'somebody' : 'nobody'),
			() => {
				setState('away');
				timer = setTimeout(ask, 2000);
			},
		);
		void ask();
		return () => clearTimeout(timer);
	}, [who, wanted]);
	useEffect(() => {
		if (who !== 'somebody') return undefined;
		const deaf = feed.listen({ onState: (now) => {
			setState(now);
			if (now === 'signed-out') setWho('ended');
		} });
		feed.start();
		return () => {
			deaf();
			feed.stop();
		};
	}, [who]);
	return { who, setWho, state };
}

function Page(props: { route: Route; feed: Feed }) {
	const { route, feed } = props;
	switch (route.page) {
	case 'device': return <Device key={route.did} did={route.did} feed={feed} />;
	case 'replay': return <Replay key={route.did} did={route.did} feed={feed} />;
	case 'stills': return <Stills key={route.did} did={route.did} feed={feed} />;
	case 'wall': return <WallPage search={route.search} feed={feed} />;
	case 'streams': return <Streams />;
	default: return <Devices feed={feed} />;
	}
}

function placeOf(route: Route): Place {
	return route.page === 'wall' || route.page === 'streams' ? route.page : 'devices';
}

function App(props: { feed: Feed }) {
	const { feed } = props;
	const [, again] = useReducer<number, void>((n) => n + 1, 0);
	useEffect(() => onLanguage(() => again()), []);
	const route = useRoute();
	const own = route.page !== 'view' && route.page !== 'sign-in';
	const { who, setWho, state } = useSession(feed, own);

	if (route.page === 'view') return <View did={route.did} token={route.token} />;
	if (route.page === 'sign-in' || who === 'nobody' || who === 'ended')
		return <SignIn key="sign-in" token={route.page === 'sign-in' ? route.token : undefined} ended={who === 'ended'}
			onSignedIn={() => {
				setWho('somebody');
				// history.replaceState is silent; tell useRoute that the address changed.
				window.dispatchEvent(new HashChangeEvent('hashchange'));
			}} />;
	if (who === 'asking') return <Frame state={state}><p class="hint">{t('app.loading')}</p></Frame>;

	async function signOut() {
		await api.signOut().catch(() => undefined);
		setWho('nobody');
	}
	return (
		<Frame state={state} place={placeOf(route)} onSignOut={signOut}>
			<Page route={route} feed={feed} />
		</Frame>
	);
}

startLanguage();
const root = document.getElementById('app');
if (root) render(<App feed={new Feed()} />, root);
