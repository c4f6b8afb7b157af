package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGarbageThatAHeapMayHold(t *testing.T) {
	server, other := garbage{percent: 100, room: 64 << 20}, garbage{percent: 50}
	assert.Equal(t, 400, server.of(0), "nothing is known to be alive")
	assert.Equal(t, 400, server.of(8<<20))
	assert.Equal(t, 200, server.of(32<<20))
	assert.Equal(t, 100, server.of(512<<20), "a big heap only doubles")
	assert.Equal(t, 50, server.of(1<<30), "what a bigger one may hold besides stays the same")
	assert.Equal(t, 33, server.of(8<<30), "but it is not collected all the time")
	assert.Equal(t, 50, other.of(1<<20))
}
