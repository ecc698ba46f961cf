output "fingerprints" {
  value = {
    for pair in [huaweicloud_kps_keypair.generated, huaweicloud_kps_keypair.imported] : pair.name => pair.fingerprint
  }
}

output "kept" {
  description = "Whether the service keeps the private key."
  value = {
    for pair in [huaweicloud_kps_keypair.generated, huaweicloud_kps_keypair.imported] : pair.name => pair.is_managed
  }
}
