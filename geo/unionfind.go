package geo

// unionFind is sets of the numbers from 0 on. A set goes by its least member.
type unionFind []int32

// add gives a new number, in a set of its own.
func (u *unionFind) add() int32 {
	n := int32(len(*u))
	*u = append(*u, n)
	return n
}

func newUnionFind(n int) unionFind {
	u := make(unionFind, 0, n)
	for range n {
		u.add()
	}
	return u
}

// find is the least member of the set that i is in.
func (u unionFind) find(i int32) int32 {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

// union makes the sets of a and b one and says whether they were two.
func (u unionFind) union(a, b int32) bool {
	a, b = u.find(a), u.find(b)
	u[max(a, b)] = min(a, b)
	return a != b
}
