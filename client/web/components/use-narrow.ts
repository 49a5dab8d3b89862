// Whether there is room for one thing only, as on a phone: a pane covers the conversation then (styles/frame.css).

import { useEffect, useState } from 'preact/hooks';

const narrow = '(max-width: 63.99rem)';

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(() => matchMedia(narrow).matches);
  useEffect(() => {
    const query = matchMedia(narrow);
    const look = () => setNarrow(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  return isNarrow;
}
