package apiserver

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// sortedEntries holds the objects of a kind in the order of their keys, as lists show them. They are in blocks, so that one that
// comes or goes moves the few that share its block, not the hundred thousand that there may be.
type sortedEntries struct {
	blocks [][]*entry // none is empty; all keys of one are less than those of the next
	count  int
}

// fullBlock is how many objects a block holds before it is split.
const fullBlock = 512

// newSortedEntries takes entries that are in order.
func newSortedEntries(entries []*entry) sortedEntries {
	s := sortedEntries{count: len(entries)}
	for block := range slices.Chunk(entries, fullBlock/2) {
		s.blocks = append(s.blocks, slices.Clone(block)) // or what one lets go of would stay in memory with all of them
	}
	return s
}

func (s *sortedEntries) put(e *entry) {
	if s.count == 0 {
		s.blocks, s.count = [][]*entry{{e}}, 1
		return
	}
	b := s.block(e.key)
	block := s.blocks[b]
	i, found := findKey(block, e.key)
	switch {
	case found:
		block[i] = e
		return
	case len(block) < fullBlock:
		s.blocks[b] = slices.Insert(block, i, e)
	case i == len(block) && b == len(s.blocks)-1: // keys often come in order: the block stays full
		s.blocks = append(s.blocks, []*entry{e})
	default:
		block = slices.Insert(block, i, e)
		half := len(block) / 2
		right := slices.Clone(block[half:])
		clear(block[half:])
		s.blocks[b] = block[:half]
		s.blocks = slices.Insert(s.blocks, b+1, right)
	}
	s.count++
}

func (s *sortedEntries) remove(key string) {
	if s.count == 0 {
		return
	}
	b := s.block(key)
	i, found := findKey(s.blocks[b], key)
	if !found {
		return
	}
	s.count--
	s.blocks[b] = slices.Delete(s.blocks[b], i, i+1)
	switch {
	case len(s.blocks[b]) == 0:
		s.blocks = slices.Delete(s.blocks, b, b+1)
	case b+1 < len(s.blocks) && len(s.blocks[b])+len(s.blocks[b+1]) < fullBlock/2:
		s.blocks[b] = append(s.blocks[b], s.blocks[b+1]...)
		s.blocks = slices.Delete(s.blocks, b+1, b+2)
	}
}

// between returns those with from <= key < to, in a slice of its own.
func (s *sortedEntries) between(from, to string) []*entry {
	var parts [][]*entry
	for b := s.block(from); b < len(s.blocks); b++ {
		block := s.blocks[b]
		start, _ := findKey(block, from)
		end := len(block)
		last := block[end-1].key >= to
		if last {
			end, _ = findKey(block, to)
		}
		if start < end {
			parts = append(parts, block[start:end])
		}
		if last {
			break
		}
	}
	return slices.Concat(parts...)
}

func (s *sortedEntries) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for _, block := range s.blocks {
			for _, e := range block {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// block is the one in which a key is, or would be.
func (s *sortedEntries) block(key string) int {
	if last := len(s.blocks) - 1; last >= 0 && s.blocks[last][0].key <= key {
		return last
	}
	return max(0, sort.Search(len(s.blocks), func(b int) bool { return s.blocks[b][0].key > key })-1)
}

// findKey returns where a key is in a block, or would be.
func findKey(block []*entry, key string) (int, bool) {
	if n := len(block); block[n-1].key < key {
		return n, false
	}
	return slices.BinarySearchFunc(block, key, func(e *entry, key string) int { return strings.Compare(e.key, key) })
}
