package api

import "slices"

// Where a container sees the pod's volumes: as directories, or as block devices.

func (c *podCheck) checkVolumeMounts(path Path, ctr *Container) {
	for i := range ctr.VolumeMounts {
		path := path.Child("volumeMounts")
		mount, at := &ctr.VolumeMounts[i], path.Index(i)
		c.required(at, "name", mount.Name)
		if c.volumes[mount.Name] == nil {
			c.add(at.Child("name").NotFound(mount.Name))
		}
		c.required(at, "mountPath", mount.MountPath)
		if slices.ContainsFunc(ctr.VolumeMounts[:i], func(m VolumeMount) bool { return m.MountPath == mount.MountPath }) {
			c.add(at.Child("mountPath").Invalid(mount.MountPath, "must be unique"))
		}
		for _, device := range ctr.VolumeDevices {
			if device.Name == mount.Name {
				c.add(at.Child("name").Invalid(mount.Name, "must not already exist in volumeDevices"))
			}
			if device.DevicePath == mount.MountPath {
				c.add(at.Child("mountPath").Invalid(mount.MountPath, "must not already exist as a path in volumeDevices"))
			}
		}
		// The paths without an index, here and below, are upstream's.
		if mount.SubPath != "" {
			c.descendingPath(path, "subPath", mount.SubPath)
		}
		if mount.SubPathExpr != "" {
			if mount.SubPath != "" {
				c.add(at.Child("subPathExpr").Invalid(mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
			}
			c.descendingPath(path, "subPathExpr", mount.SubPathExpr)
		}
		c.checkMountPropagation(path, mount, ctr)
		c.checkRecursiveReadOnly(path, mount)
	}
}

func (c *podCheck) checkMountPropagation(path Path, mount *VolumeMount, ctr *Container) {
	if mount.MountPropagation == nil {
		return
	}
	path = path.Child("mountPropagation")
	oneOf(&c.ErrorList, path, "", *mount.MountPropagation, MountPropagationBidirectional, MountPropagationHostToContainer, MountPropagationNone)
	privileged := ctr.SecurityContext != nil && Deref(ctr.SecurityContext.Privileged, false)
	if *mount.MountPropagation == MountPropagationBidirectional && !privileged {
		c.add(path.Forbidden("Bidirectional mount propagation is available only to privileged containers"))
	}
}

func (c *podCheck) checkRecursiveReadOnly(path Path, mount *VolumeMount) {
	if mount.RecursiveReadOnly == nil {
		return
	}
	path = path.Child("recursiveReadOnly")
	switch *mount.RecursiveReadOnly {
	case RecursiveReadOnlyDisabled:
	case RecursiveReadOnlyEnabled, RecursiveReadOnlyIfPossible:
		if !mount.ReadOnly {
			c.add(path.Forbidden("may only be specified when readOnly is true"))
		}
		if Deref(mount.MountPropagation, MountPropagationNone) != MountPropagationNone {
			c.add(path.Forbidden("may only be specified when mountPropagation is None or not specified"))
		}
	default:
		oneOf(&c.ErrorList, path, "", *mount.RecursiveReadOnly, RecursiveReadOnlyDisabled, RecursiveReadOnlyEnabled, RecursiveReadOnlyIfPossible)
	}
}

// checkVolumeDevices checks volumes that appear as block devices instead of directories.
func (c *podCheck) checkVolumeDevices(path Path, ctr *Container) {
	for i := range ctr.VolumeDevices {
		device, at, earlier := &ctr.VolumeDevices[i], path.Child("volumeDevices").Index(i), ctr.VolumeDevices[:i]
		c.required(at, "name", device.Name)
		if device.Name != "" && slices.ContainsFunc(earlier, func(d VolumeDevice) bool { return d.Name == device.Name }) {
			c.add(at.Child("name").Invalid(device.Name, "must be unique"))
		}
		switch source := c.volumes[device.Name]; {
		case source == nil:
			c.add(at.Child("name").NotFound(device.Name))
		case source.PersistentVolumeClaim == nil && source.Ephemeral == nil:
			c.add(at.Child("name").Invalid(device.Name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"))
		}
		c.required(at, "devicePath", device.DevicePath)
		if slices.ContainsFunc(earlier, func(d VolumeDevice) bool { return d.DevicePath == device.DevicePath && !hasBackstep(d.DevicePath) }) {
			c.add(at.Child("devicePath").Invalid(device.DevicePath, "must be unique"))
		}
		if hasBackstep(device.DevicePath) {
			c.add(at.Child("devicePath").Invalid(device.DevicePath, "can not contain backsteps ('..')"))
		}
		for _, mount := range ctr.VolumeMounts {
			if mount.Name == device.Name {
				c.add(at.Child("name").Invalid(device.Name, "must not already exist in volumeMounts"))
			}
			if mount.MountPath == device.DevicePath {
				c.add(at.Child("devicePath").Invalid(device.DevicePath, "must not already exist as a path in volumeMounts"))
			}
		}
	}
}
