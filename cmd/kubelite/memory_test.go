package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGarbageThatAHeapMayHold(t *testing.T) {
	server, other := thrift{percent: 100, room: 64 << 20}, thrift{percent: 50}
	assert.Equal(t, 400, server.garbagePercent(0), "nothing is known to be alive")
	assert.Equal(t, 400, server.garbagePercent(8<<20))
	assert.Equal(t, 200, server.garbagePercent(32<<20))
	assert.Equal(t, 100, server.garbagePercent(512<<20), "a big heap only doubles")
	assert.Equal(t, 50, server.garbagePercent(1<<30), "what a bigger one may hold besides stays the same")
	assert.Equal(t, 33, server.garbagePercent(8<<30), "but it is not collected all the time")
	assert.Equal(t, 50, other.garbagePercent(1<<20))
}
