output "fingerprints" {
  value = {
    for pair in [alicloud_ecs_key_pair.generated, alicloud_ecs_key_pair.imported] : pair.key_pair_name => pair.finger_print
  }
}
