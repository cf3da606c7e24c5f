package net

// unlikely is added to the score of what must not be seen.
const unlikely = -1e9

// teach runs all positions of given tokens N,T at once: logits N,T,bins of each token given those before it, and the
// quality's logits N given all of them.
func (m model[T]) teach(mem memory[T], tokens T, length int) (logits, quality T) {
	before := m.embedTokens(tokens)
	x := m.concat(1, m.scale(m.slice(before, 1, 0, 1), 0), before)
	slots := m.weight("slot")
	x = m.add(x, m.concat(0, m.slice(slots, 0, 0, length), m.slice(slots, 0, MaxTokens, MaxTokens+1)))
	x = m.add(x, m.reshape(mem.who, 0, 1, m.Width))
	mask := m.constant(causal(length+1), 1, 1, length+1, length+1)
	h, _ := m.decode(x, mem, nil, &mask)

	pairs := m.reshape(m.slice(h, 1, 0, length), 0, length/2, 2, m.Width)
	axis := func(k int) T {
		answers := m.reshape(m.slice(pairs, 2, k, k+1), 0, length/2, m.Width)
		return m.reshape(m.point(answers, mem, k == 1), 0, length/2, 1, m.Bins)
	}
	logits = m.reshape(m.concat(2, axis(0), axis(1)), 0, length, m.Bins)
	return logits, m.quality(m.slice(h, 1, length, length+1))
}

func causal(n int) []float32 {
	mask := make([]float32, n*n)
	for i := range n {
		for j := i + 1; j < n; j++ {
			mask[i*n+j] = unlikely
		}
	}
	return mask
}

// answer is what a net says: tokens N,8, logits N,8,bins, and the expected IoU after the box and after the points N,2.
type answer[T any] struct{ tokens, logits, quality T }

// speak writes token by token; each is the most likely one after noise N,8,bins is added to the logits.
func (m model[T]) speak(mem memory[T], noise T) answer[T] {
	var past []keys[T]
	var tokens, logits, quality []T
	who := m.reshape(mem.who, 0, 1, m.Width)
	at := func(slot int) T {
		x := m.add(m.slice(m.weight("slot"), 0, slot, slot+1), who)
		if len(tokens) == 0 {
			return x
		}
		return m.add(x, m.embedTokens(tokens[len(tokens)-1]))
	}
	for t := range MaxTokens {
		var h T
		h, past = m.decode(at(t), mem, past, nil)
		l := m.point(h, mem, t%2 == 1)
		logits = append(logits, l)
		tokens = append(tokens, m.argmax(m.add(l, m.slice(noise, 1, t, t+1))))
		if t+1 == BoxTokens || t+1 == MaxTokens {
			end, _ := m.decode(at(MaxTokens), mem, past, nil)
			quality = append(quality, m.reshape(m.sigmoid(m.quality(end)), -1, 1))
		}
	}
	return answer[T]{m.concat(1, tokens...), m.concat(1, logits...), m.concat(1, quality...)}
}
