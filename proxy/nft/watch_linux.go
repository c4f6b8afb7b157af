package nft

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// WatchRemovals calls removed whenever another program takes something out of the table, `nft flush ruleset` say, until ctx
// ends. removed gets false where that is not certain: more happened than the kernel kept for us.
func (w *Writer) WatchRemovals(ctx context.Context, removed func(certain bool)) error {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := errors.Join(conn.SetReadBuffer(socketBuffer), conn.JoinGroup(unix.NFNLGRP_NFTABLES)); err != nil {
		return err
	}
	ours := programName()
	touched := false // by the change whose messages are coming in
	for {
		messages, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, syscall.ENOBUFS):
			removed(false)
			continue
		case err != nil:
			return err
		}
		for _, m := range messages {
			switch m.Header.Type & 0xff {
			case unix.NFT_MSG_DELTABLE, unix.NFT_MSG_DELCHAIN, unix.NFT_MSG_DELRULE, unix.NFT_MSG_DELSET, unix.NFT_MSG_DELSETELEM:
				touched = touched || attribute(m, unix.NFTA_TABLE_NAME) == w.name // the first attribute of each of them
			case unix.NFT_MSG_NEWGEN: // ends a change, and says who made it
				if touched && attribute(m, unix.NFTA_GEN_PROC_NAME) != ours {
					removed(true)
				}
				touched = false
			}
		}
	}
}

// attribute is a text in a message, "" if it is not there.
func attribute(m netlink.Message, kind uint16) string {
	const header = 4 // family, version, resource id
	if len(m.Data) < header {
		return ""
	}
	d, err := netlink.NewAttributeDecoder(m.Data[header:])
	if err != nil {
		return ""
	}
	d.ByteOrder = binary.BigEndian
	for d.Next() {
		if d.Type() == kind {
			return d.String()
		}
	}
	return ""
}

// programName is what the kernel calls this process.
func programName() string {
	b, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
