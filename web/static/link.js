// The page's link: phrase, place, zoom, chosen outline and layers, in the address's hash, so that others see the same.

export const readLink = () => {
  const p = new URLSearchParams(location.hash.slice(1));
  const [zoom, lat, lon] = (p.get('map') ?? '').split('/').map(Number);
  const number = (key) => (p.has(key) && Number.isFinite(Number(p.get(key))) ? Number(p.get(key)) : null);
  return {
    phrase: p.get('q') ?? '', id: number('id'), base: p.get('base'), over: p.get('with'), mode: p.get('mode'), mix: number('mix'), outlines: number('outlines'),
    view: Number.isFinite(lon) && Number.isFinite(lat) && Number.isFinite(zoom) ? [[lat, lon], zoom] : null,
  };
};

// writeLink replaces the hash. Layers are written where they are not what the page begins with.
export const writeLink = ({ map, phrase, id, layers }) => {
  const { lat, lng } = map.getCenter();
  const p = new URLSearchParams();
  if (phrase) p.set('q', phrase);
  if (id) p.set('id', id);
  for (const [key, value] of Object.entries(layers)) p.set(key, value);
  const text = p.toString();
  history.replaceState(null, '', `#${text}${text && '&'}map=${Number(map.getZoom().toFixed(2))}/${lat.toFixed(5)}/${lng.toFixed(5)}`);
};
