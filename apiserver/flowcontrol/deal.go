package flowcontrol

import "hash/maphash"

// Shuffle sharding: each flow is dealt a hand of queues, by lot but always the same ones, and its requests go to the one of
// them where least is waiting. A flow that fills all of its queues shares some with others, but hardly ever all with one: with
// 128 queues and hands of 6, one pair of flows in five billion.

var seed = maphash.MakeSeed()

// hashFlow is the lot of a flow.
func hashFlow(schema, flow string) uint64 { return maphash.Comparable(seed, [2]string{schema, flow}) }

// maxHand is the largest hand that validation allows: a hash has bits for no more.
const maxHand = 15

// deal fills a hand with different numbers below queues. As upstream's shufflesharding.
func deal(hash uint64, queues int, hand []int) {
	for i := range hand { // which of those that are left then?
		left := uint64(queues - i)
		hand[i] = int(hash % left)
		hash /= left
	}
	for i := len(hand) - 1; i > 0; i-- { // and which of all is that? Those dealt before lie between
		for j := i - 1; j >= 0; j-- {
			if hand[i] >= hand[j] {
				hand[i]++
			}
		}
	}
}
