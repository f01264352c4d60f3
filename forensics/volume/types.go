package volume

func typeName(id string, names map[string]string) string {
	if n := names[id]; n != "" {
		return id + " (" + n + ")"
	}
	return id
}

var gptTypes = map[string]string{
	"21686148-6449-6E6F-744E-656564454649": "BIOS boot", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B": "EFI system",
	"0FC63DAF-8483-4772-8E79-3D69D8477DE4": "Linux filesystem", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709": "Linux root (x86-64)",
	"44479540-F297-41B2-9AF7-D131D5F0458A": "Linux root (x86)", "B921B045-1DF0-41C3-AF44-4C6F280D3FAE": "Linux root (arm64)",
	"0657FD6D-A4AB-43C4-84E5-0933C84B4F4F": "Linux swap", "E6D6D379-F507-44C2-A23C-238F2A3DF928": "Linux LVM",
	"933AC7E1-2EB4-4F13-B844-0E14E2AEF915": "Linux home", "BC13C2FF-59E6-4262-A352-B275FD6F7172": "Linux extended boot",
	"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7": "Microsoft basic data", "A19D880F-05FC-4D3B-A006-743F0F84911E": "Linux RAID",
}

var mbrTypes = map[string]string{"0x07": "NTFS or exFAT", "0x0b": "FAT32", "0x0c": "FAT32", "0x82": "Linux swap", "0x83": "Linux", "0x8e": "Linux LVM", "0xef": "EFI system", "0xfd": "Linux RAID"}
