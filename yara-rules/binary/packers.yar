/*
 Packed programs. Packing proves nothing; removing the packer's magic so that the
 program cannot be unpacked serves to hide it.
*/

rule Packer_UPX
{
  meta:
    description = "packed with UPX"
    level = "informational"
    technique = "T1027.002"
    reference = "https://upx.github.io"
    benign = "programs distributed packed to save space"
  strings:
    $mark = "UPX!"
    $info = "$Info: This file is packed with the UPX executable packer"
  condition:
    is_elf and $info and #mark >= 1 and elf_sections == 0
}

rule Packer_UPX_Altered
{
  meta:
    description = "packed with UPX and altered so that upx -d fails: magic replaced or sizes erased"
    level = "medium"
    technique = "T1027.002"
    reference = "https://github.com/akamai/akamai-security-research"
    benign = "none known; plain UPX keeps its magic. UPX itself contains the string of the stub, but has sections"
  strings:
    $stub1 = "PROT_EXEC|PROT_WRITE failed"
    $stub2 = "$Info: This file is packed with the"
    $mark = "UPX!"
    $erased = { 55 50 58 21 ?? ?? ?? ?? 00 00 00 00 00 00 00 00 00 00 00 00 }
  condition:
    is_elf and elf_sections == 0 and (any of ($stub*) and not $mark or $erased in (0..1024))
}

rule Packer_Structure
{
  meta:
    description = "structure of a packed executable: no section headers, few segments, high entropy"
    level = "low"
    technique = "T1027.002"
    reference = "https://refspecs.linuxfoundation.org/elf/elf.pdf"
    benign = "programs packed with UPX by their vendors"
  condition:
    is_elf and (elf_type == "exec" or elf_type == "pie") and elf_sections == 0 and elf_segments < 6 and entropy > 7.2 and filesize > 4KB
}

rule Packer_Memory_Loader
{
  meta:
    description = "loader that decrypts a payload and executes it from memory (Ezuri and similar)"
    level = "high"
    technique = "T1027.002,T1620"
    reference = "https://github.com/guitmz/ezuri"
    benign = "container runtimes execute themselves from memory, but decrypt nothing"
  strings:
    $a = "main.runFromMemory"
    $b = "main.aesDec"
    $c = "main.decrypt"
    $d = "MFD_CREATE"
    $e = "/proc/self/fd/%d"
    $f = "main.memfdCreate"
    $g = "crypto/aes.NewCipher"
  condition:
    is_elf and ($a or $f) and any of ($b, $c, $g) or is_elf and is_go and $d and $e and $b
}

rule Packer_Shell_Compiler
{
  meta:
    description = "shell script compiled with shc"
    level = "low"
    technique = "T1027.002,T1059.004"
    reference = "https://github.com/neurobin/shc"
    benign = "vendors that hide their scripts; shc itself"
  strings:
    $a = "E: neither argv[0] nor $_ works."
    $b = "has expired!\x0a"
    $c = "location has changed!"
  condition:
    is_elf and $a and any of ($b, $c)
}

rule Packed_Python
{
  meta:
    description = "Python program packed with PyInstaller"
    level = "informational"
    technique = "T1027.002"
    reference = "https://pyinstaller.org"
    benign = "many tools are distributed this way"
  strings:
    $a = "_MEIPASS"
    $b = "PYZ-00.pyz"
    $c = "pyi-runtime-tmpdir"
  condition:
    is_elf and 2 of them
}
